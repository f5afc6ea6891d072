using Hostup.Core.Errors;
using Hostup.Core.Trust;
using Hostup.Core.Versions;
using Hostup.Core.Wire;
using Hostup.Updates.Trust;

namespace Hostup.Device.Agent;

/// <summary>Programs that were transferred for an update, by digest. Nothing here runs that an updater key did not sign.</summary>
/// <param name="server">Where they come from.</param>
/// <param name="trust">Who may sign them.</param>
/// <param name="root">Put before every path; empty on a device, a folder in tests.</param>
internal sealed class UpdaterStore(ServerLink server, DeviceTrust trust, string root = "")
{
    private const long MemoryNeeded = 64L << 20; // docs/architecture.md: the data partition is full
    private const long MaxBytes = 512L << 20; // as the server takes
    private const string OnData = "/mnt/data/hostup/updater";
    private const string InMemory = "/run/hostup/updater";

    /// <summary>Path of the program that is to carry out an update, and the bytes that it cost: the built-in one, one that is here, or one that is fetched now.</summary>
    /// <param name="wanted">The program; null: the built-in one.</param>
    /// <param name="mostBytes">What it may cost.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="HostupException"><c>signature</c>, <c>digest-mismatch</c>, <c>byte-budget</c>, <c>updater-too-old</c>, <c>space-data</c> and the codes of the link.</exception>
    public async Task<(string Path, long FetchedBytes)> ProvideAsync(UpdaterArtifact? wanted, long mostBytes, CancellationToken ct)
    {
        if (wanted is null || wanted.Digest == ThisProgram.ComputeDigest())
            return (ThisProgram.FilePath, 0);
        byte[] envelope = await server.FetchEnvelopeAsync(wanted.Envelope, ct).ConfigureAwait(false);
        var statement = UpdaterStatement.Parse(trust.Load().Verify(Envelope.Parse(envelope), TrustRole.Updater, UpdaterStatement.PayloadType));
        if (statement.Digest != wanted.Digest || statement.Size != wanted.Size)
            throw Unusable("what is signed is another program");
        if (statement.Platform != ThisProgram.Platform || statement.Size is < 0 or > MaxBytes)
            throw Unusable($"what is signed has {statement.Size} bytes and is for {statement.Platform}, this device is {ThisProgram.Platform}");
        // Never an older one than the OS brings along.
        if (OsVersion.TextOrder.Compare(statement.Version, ThisProgram.Version) < 0)
            return (ThisProgram.FilePath, envelope.Length);
        if (Find(wanted.Digest, root) is { } here)
            return (here, envelope.Length);
        if (ChooseFolder(wanted) is not { } folder)
            return (ThisProgram.FilePath, envelope.Length); // the checks say whether the built-in one is new enough
        if (envelope.Length + wanted.Size > mostBytes)
            throw new HostupException(HostupErrors.ByteBudget, "cannot fetch the updater", $"it has {new ByteCount(wanted.Size)} and {new ByteCount(Math.Max(0, mostBytes))} are left of the attempt's budget", "start the update again with a larger budget");
        return (await FetchAsync(wanted, folder, ct).ConfigureAwait(false), envelope.Length + wanted.Size);
    }

    /// <summary>Path of a program with this digest that is here, checked; null when there is none.</summary>
    /// <param name="digest">Digest of the program.</param>
    /// <param name="root">Put before every path; empty on a device.</param>
    public static string? Find(Digest digest, string root = "")
    {
        if (digest == ThisProgram.ComputeDigest())
            return ThisProgram.FilePath;
        return new[] { OnData, InMemory }.Select(f => PathIn(root + f, digest)).FirstOrDefault(p => File.Exists(p) && ThisProgram.DigestOfFile(p) == digest);
    }

    /// <inheritdoc cref="Find"/>
    public string? FindHere(Digest digest) => Find(digest, root);

    private async Task<string> FetchAsync(UpdaterArtifact wanted, string folder, CancellationToken ct)
    {
        string path = PathIn(folder, wanted.Digest);
        // One program at a time: no attempt is open now, or it is the open attempt's own that is missing. What came of this one already stays.
        foreach (string old in Directory.EnumerateDirectories(folder).Where(f => f != Path.GetDirectoryName(path)))
            Directory.Delete(old, recursive: true);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await server.FetchUpdaterAsync(wanted, path + ".new", ct).ConfigureAwait(false);
        if (ThisProgram.DigestOfFile(path + ".new") != wanted.Digest)
        {
            File.Delete(path + ".new");
            throw new HostupException(HostupErrors.DigestMismatch, "cannot use the updater", "what arrived has another digest", "start the update again");
        }
        File.SetUnixFileMode(path + ".new", (UnixFileMode)0b111_101_101);
        File.Move(path + ".new", path, overwrite: true);
        return path;
    }

    // Null: neither place has room.
    private string? ChooseFolder(UpdaterArtifact wanted) =>
        HasRoom(root + OnData, (wanted.Size * 2) - UpdaterPart.LengthOf(PathIn(root + OnData, wanted.Digest) + ".new")) ? root + OnData
        : HasRoom(root + InMemory, MemoryNeeded) ? root + InMemory
        : null;

    private static bool HasRoom(string folder, long bytes)
    {
        try
        {
            Directory.CreateDirectory(folder);
            return new DriveInfo(folder).AvailableFreeSpace > bytes;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string PathIn(string folder, Digest digest) => $"{folder}/{digest.Hex}/hostup-device";

    private static HostupException Unusable(string why) =>
        new(HostupErrors.Signature, "cannot use the updater", why, "publish the updater again");
}
