using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;

namespace Hostup.Updates.Steps;

/// <summary>
/// What the layers of a release may bring: holes cost no space on the slot and names cost little, so neither fills it before the device has
/// worked for hours. The signed sizes are the measure; lower layers may hold what upper ones replace.
/// </summary>
internal sealed class ContentBudget(ReleaseManifest release)
{
    private const int TimesReplaced = 4; // images of some 10 layers replace a tenth of their content
    private const long SmallBytes = 1L << 30;
    private long _bytesLeft = release.Root.ContentBytes < (long.MaxValue - SmallBytes) / TimesReplaced ? (release.Root.ContentBytes * TimesReplaced) + SmallBytes : long.MaxValue;
    private int _entriesLeft = RootTree.MaxEntries;

    /// <summary>Counts an entry before its content is read.</summary>
    /// <exception cref="HostupException"><c>bad-image</c> when it is more than the release can hold.</exception>
    public void Take(TreeEntry entry)
    {
        if (--_entriesLeft < 0)
            throw Bad($"it has more than {RootTree.MaxEntries} entries");
        if (entry.Size < 0 || entry.Size > _bytesLeft)
            throw Bad($"with {entry.Path} its files have far more than the {new ByteCount(release.Root.ContentBytes)} that were signed");
        _bytesLeft -= entry.Size;
    }

    private HostupException Bad(string why) =>
        new(HostupErrors.BadImage, $"cannot use the image of release {release.Version}", why, "sign the release again with `hostup release sign`");
}
