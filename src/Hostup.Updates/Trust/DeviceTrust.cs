using System.Globalization;
using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.Trust;
using Hostup.Updates.Files;

namespace Hostup.Updates.Trust;

/// <summary>
/// Whom this device believes. The OS brings a list along, on its read-only root; a newer one, signed by the root keys of the one before, is
/// kept on the state partition, which both slots share. The newest wins, and the device remembers how new that was: no rollback of the OS, and
/// no damaged file, brings a revoked key back.
/// </summary>
/// <remarks>The state partition is believed as the root is: who can write the one as root can write the other. docs/security.md.</remarks>
public sealed class DeviceTrust(IFiles files)
{
    /// <summary>The list of the running OS.</summary>
    public const string ImagePath = "/etc/hostup/trust.json";

    /// <summary>The list that decides what may be installed.</summary>
    /// <exception cref="HostupException"><c>bad-config</c> when there is none; <c>trust-list</c> when all there is is older than what the device had.</exception>
    public TrustList Load()
    {
        var newest = Newest();
        if (FloorFault(out long floor) is { } fault)
            throw fault;
        return newest.Version >= floor
            ? newest
            : throw new HostupException(HostupErrors.TrustList, $"cannot use trust list {newest.Version}", $"this device had list {floor}, which cannot be read any more", "let the device reach its server, which has the signed lists; nothing is installed until then");
    }

    /// <summary>The newest list that can be read, for what follows it. It may be older than one that the device had.</summary>
    /// <exception cref="HostupException"><c>bad-config</c> when there is none.</exception>
    public TrustList Newest()
    {
        var kept = TryRead(Places.TrustList);
        if (kept is null)
            return Read(ImagePath);
        var image = TryRead(ImagePath);
        return image is not null && image.Version > kept.Version ? image : kept;
    }

    /// <summary>Replaces the list by a signed one. Durable when it returns; a power cut leaves the old or the new one.</summary>
    /// <returns>The list that is believed from now on.</returns>
    /// <exception cref="HostupException"><c>signature</c>, <c>trust-list</c>, <c>bad-config</c>: the list stays.</exception>
    public TrustList Accept(Envelope next)
    {
        var list = Newest().Follow(next);
        Keep(list);
        return list;
    }

    /// <summary>The running OS is committed: a newer list that it brought along is never forgotten again. Durable when it returns.</summary>
    public void KeepImageList()
    {
        var image = TryRead(ImagePath);
        // Where nobody knows which list the device had, none is newer.
        if (image is null || FloorFault(out long floor) is not null || image.Version <= floor)
            return;
        var kept = TryRead(Places.TrustList);
        if (kept is null || kept.Version < image.Version)
            Keep(image);
    }

    // The list before its number: cut in between, the list counts by itself.
    private void Keep(TrustList list)
    {
        files.CreateDirectory(Places.Hostup);
        AtomicFile.Write(files, Places.TrustList, list.ToJson());
        if (Number() is not { } number || list.Version > number)
            AtomicFile.Write(files, Places.TrustVersion, Encoding.ASCII.GetBytes(list.Version.ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>How new the newest list was that this device had. The list is written before its number, so it tells a damaged one; without both it could be any, and no older list is believed for it.</summary>
    private HostupException? FloorFault(out long floor)
    {
        floor = 0;
        try
        {
            if (!files.Exists(Places.TrustVersion))
                return null;
            if ((Number() ?? TryRead(Places.TrustList)?.Version) is { } known)
            {
                floor = known;
                return null;
            }
            return Unknown($"neither {Places.TrustVersion} nor {Places.TrustList} says", "let the device reach its server, which has the signed lists; nothing is installed until then", null);
        }
        catch (IOException e)
        {
            return Unknown(e.Message, "look at the state partition; nothing is installed until it can be read", e);
        }
    }

    private static HostupException Unknown(string why, string remedy, IOException? inner) => new(HostupErrors.TrustList, "cannot tell which list of trusted keys this device had", why, remedy, inner);

    // Null: none, or a damaged one.
    private long? Number() => files.Exists(Places.TrustVersion)
        && long.TryParse(Encoding.ASCII.GetString(files.Read(Places.TrustVersion)), NumberStyles.None, CultureInfo.InvariantCulture, out long version) ? version : null;

    private TrustList? TryRead(string path)
    {
        try
        {
            return files.Exists(path) ? Read(path) : null;
        }
        catch (Exception e) when (e is HostupException or IOException)
        {
            return null;
        }
    }

    private TrustList Read(string path)
    {
        try
        {
            return TrustList.Parse(files.Read(path));
        }
        catch (IOException e)
        {
            throw new HostupException(HostupErrors.BadConfig, $"cannot read {path}", e.Message, "the OS image must hold the public keys of its builder", e);
        }
    }
}
