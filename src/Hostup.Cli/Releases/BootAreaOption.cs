using System.CommandLine;
using System.Globalization;
using Hostup.Core.Errors;
using Hostup.Core.Releases;

namespace Hostup.Cli.Releases;

/// <summary>Raw areas of the boot loader as they are named on the command line: <c>NAME=PATH@MEDIUM:OFFSET[,MEDIUM:OFFSET]</c>.</summary>
internal static class BootAreaOption
{
    public static Option<string[]> Areas() => new("--boot-area") { Description = "Boot loader outside of file systems: NAME=FILE@disk:OFFSET,boot0:OFFSET" };

    public static Option<bool> SingleCopy() => new("--single-copy") { Description = "Take an area with one place: a power cut then costs the device" };

    /// <summary>Reads them.</summary>
    /// <param name="texts">As given.</param>
    /// <param name="singleCopy">Whether areas with one place are taken.</param>
    /// <param name="image">What the image holds.</param>
    /// <exception cref="HostupException"><c>bad-value</c>.</exception>
    public static IReadOnlyList<BootArea> Parse(string[] texts, bool singleCopy, ImageFacts image) => [.. texts.Select(t => Parse(t, singleCopy, image))];

    private static BootArea Parse(string text, bool singleCopy, ImageFacts image)
    {
        if (text.Split('=', 2) is not [var name, var rest] || rest.Split('@', 2) is not [['/', ..] and var path, var places])
            throw Bad(text, "it is not NAME=PATH@MEDIUM:OFFSET[,MEDIUM:OFFSET] with an absolute path", "give it like u-boot=/boot/u-boot.bin@disk:8192,disk:1056768");
        var file = image.FileAt(path) ?? throw Bad(text, $"the image has no file {path}", "name the file as it is in the image, links not followed");
        var copies = places.Split(',').Select(p => Place(text, p)).ToList();
        if (copies.Count == 1 && !singleCopy)
            throw Bad(text, "it has one place, so a power cut while it is written leaves a device that does not start", "name a second place that the board tries, or accept that with --single-copy");
        return new BootArea { Name = name, Path = path, Size = file.Size, Digest = file.Digest, Copies = copies, SingleCopy = copies.Count == 1 };
    }

    private static BootAreaCopy Place(string text, string place) =>
        place.Split(':') is [var medium, var offset] && BootArea.Media.Contains(medium) && long.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) && bytes % 512 == 0
            ? new BootAreaCopy(medium, bytes)
            : throw Bad(text, $"'{place}' is no place", $"give MEDIUM:OFFSET with a medium of {string.Join(", ", BootArea.Media)} and a multiple of 512");

    private static HostupException Bad(string text, string why, string whatToDo) => new(HostupErrors.BadValue, $"cannot read raw area '{text}'", why, whatToDo);
}
