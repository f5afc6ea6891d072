using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Hostup.Core.Devices;
using Hostup.Core.Errors;
using Hostup.Updates.Files;

namespace Hostup.Updates.Boot;

/// <summary>
/// Boot loaders of the time before trials: the root stands in the boot loader's own configuration. There is no count, so a new OS that does not
/// reach user space stays; one that reaches it and is unhealthy goes back by itself.
/// </summary>
/// <param name="files">The device's files.</param>
/// <param name="form">How the root is named.</param>
/// <param name="slots">Partition numbers of slot A and slot B.</param>
public sealed partial class DirectBootEnvironment(IFiles files, DirectBootForm form, (int A, int B) slots) : IBootEnvironment
{
    private const int SectorBytes = 512;

    /// <inheritdoc/>
    public string Family => BootLoaders.Direct;

    /// <inheritdoc/>
    public string Path { get; } = FileOf(form);

    /// <inheritdoc/>
    public int FallbackBoot => 0;

    /// <summary>The file of a form.</summary>
    public static string FileOf(DirectBootForm form) => Places.Boot + form switch
    {
        DirectBootForm.CommandLine => "/cmdline.txt",
        DirectBootForm.GrubLabel => "/EFI/BOOT/grub.cfg",
        _ => "/uEnv.txt",
    };

    /// <inheritdoc/>
    public BootSettings Read()
    {
        var named = Named(Text()).Distinct().ToList();
        return named is [var one]
            ? new BootSettings(one, UpgradeAvailable: false, BootCount: 0)
            : throw Bad(named is [] ? "it names no root partition" : $"it names partitions {string.Join(" and ", named)}");
    }

    /// <inheritdoc/>
    public void Write(BootSettings settings)
    {
        string old = Text();
        string text = Pattern().Replace(old, m => m.Groups[1].Value + Name(settings.RootPartition));
        // All names are written also when they read like that: after a flush that failed memory has them, and the medium does not.
        var written = Enumerable.Range(0, Math.Min(old.Length, text.Length)).Where(i => old[i] != text[i]).ToList() is { Count: > 0 } changed
            ? changed
            : [.. Pattern().Matches(text).SelectMany(m => Enumerable.Range(m.Groups[2].Index, m.Groups[2].Length))];
        if (text.Length != old.Length)
            throw Bad("its root partition has a name of another length");
        if (written is [])
            throw Bad("it names no root partition");
        using (files.OpenForWriting(Places.Boot))
        {
            int first = written[0] / SectorBytes;
            if (written[^1] / SectorBytes == first)
            {
                // one sector decides
                int offset = first * SectorBytes;
                files.Overwrite(Path, offset, Encoding.Latin1.GetBytes(text).AsSpan(offset, Math.Min(text.Length - offset, SectorBytes)));
                files.Flush(Path);
            }
            else
            {
                AtomicFile.Write(files, Path, Encoding.Latin1.GetBytes(text));
                files.FlushFileSystem(Places.Boot);
            }
        }
        if (Read().RootPartition != settings.RootPartition)
            throw new HostupException(HostupErrors.SwitchBoot, "cannot switch the boot settings", $"{Path} does not read back as written", "check the boot partition with fsck.vfat");
    }

    private IEnumerable<int> Named(string text) => Pattern().Matches(text).Select(m => form == DirectBootForm.GrubLabel
        ? (m.Groups[2].Value == "A" ? slots.A : slots.B)
        : int.Parse(m.Groups[2].ValueSpan, CultureInfo.InvariantCulture));

    private string Name(int partition) => form == DirectBootForm.GrubLabel
        ? (partition == slots.A ? "A" : "B")
        : partition.ToString(CultureInfo.InvariantCulture);

    private string Text()
    {
        try
        {
            return Encoding.Latin1.GetString(files.Read(Path));
        }
        catch (IOException e)
        {
            throw Bad(e.Message, e);
        }
    }

    private Regex Pattern() => form == DirectBootForm.GrubLabel ? Label() : Device();

    private HostupException Bad(string why, Exception? inner = null) =>
        new(HostupErrors.BootEnvironment, $"cannot read boot environment {Path}", why, "restore it from a device of the same kind", inner);

    // root=/dev/mmcblk0p2, mmcroot=/dev/sda3
    [GeneratedRegex(@"(root=/dev/(?:mmcblk[0-9]+p|nvme[0-9]+n[0-9]+p|[a-z]{3}))([0-9]+)")]
    private static partial Regex Device();

    [GeneratedRegex("(resin-root)([AB])")]
    private static partial Regex Label();
}

/// <summary>How a boot loader without trials names the root.</summary>
public enum DirectBootForm
{
    /// <summary>root= in cmdline.txt of a Raspberry Pi.</summary>
    CommandLine,

    /// <summary>The label resin-rootA or resin-rootB in grub.cfg.</summary>
    GrubLabel,

    /// <summary>mmcroot= in uEnv.txt.</summary>
    UEnv,
}
