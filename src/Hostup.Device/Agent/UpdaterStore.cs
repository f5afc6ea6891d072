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
    private const string Part = ".new";
    private const int NoSpace = 28; // ENOSPC, which .NET gives as the result

    /// <summary>Path of the program that is to carry out an update, and the bytes that it cost: the built-in one, one that is here, or one that is fetched now.</summary>
    /// <param name="wanted">The program; null: the built-in one.</param>
    /// <param name="mostBytes">What it may cost.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="HostupException"><c>signature</c>, <c>digest-mismatch</c>, <c>byte-budget</c>, <c>medium</c> and the codes of the link.</exception>
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
        // Without room: the checks say whether the built-in one is new enough.
        return await FetchAsync(wanted, envelope.Length, mostBytes, ct).ConfigureAwait(false) ?? (ThisProgram.FilePath, envelope.Length);
    }

    /// <summary>The same on the terms of an attempt: the rate of its policy, and what is left of its budget.</summary>
    /// <param name="wanted">The program; null: the built-in one.</param>
    /// <param name="policy">The policy of the attempt.</param>
    /// <param name="spent">Bytes that it has received by now.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="HostupException"><c>signature</c>, <c>digest-mismatch</c>, <c>byte-budget</c>, <c>medium</c> and the codes of the link.</exception>
    public async Task<(string Path, long FetchedBytes)> ProvideAsync(UpdaterArtifact? wanted, UpdatePolicy policy, long spent, CancellationToken ct)
    {
        server.BytesPerSecond = policy.BytesPerSecond;
        try
        {
            return await ProvideAsync(wanted, policy.ByteBudget > 0 ? policy.ByteBudget - spent : long.MaxValue, ct).ConfigureAwait(false);
        }
        finally
        {
            server.BytesPerSecond = 0;
        }
    }

    /// <summary>Path of a program with this digest that is here, checked; null when there is none.</summary>
    /// <param name="digest">Digest of the program.</param>
    /// <param name="root">Put before every path; empty on a device.</param>
    public static string? Find(Digest digest, string root = "")
    {
        if (digest == ThisProgram.ComputeDigest())
            return ThisProgram.FilePath;
        return new[] { OnData, InMemory }.Select(f => PathIn(root + f, digest)).FirstOrDefault(p => IsThere(p, digest));
    }

    /// <inheritdoc cref="Find"/>
    public string? FindHere(Digest digest) => Find(digest, root);

    /// <summary>Bytes of a program that are here, whole or not.</summary>
    public long ArrivedOf(UpdaterArtifact updater) => new[] { OnData, InMemory }.Select(f => PathIn(root + f, updater.Digest))
        .Max(p => Math.Min(updater.Size, Math.Max(UpdaterPart.LengthOf(p), UpdaterPart.LengthOf(p + Part) + UpdaterPart.LengthOf(p + Part + UpdaterUnpacking.Part))));

    /// <summary>Fetches it to the first place with room that takes it; null: none has room. A place that turns out to take no write costs what had come by then.</summary>
    private async Task<(string Path, long FetchedBytes)?> FetchAsync(UpdaterArtifact wanted, long spent, long mostBytes, CancellationToken ct)
    {
        var reasons = new List<string>();
        Exception? fault = null;
        foreach (string folder in new[] { root + OnData, root + InMemory })
        {
            long before = server.Wire.Received;
            try
            {
                if (HasRoom(folder, wanted))
                {
                    var (path, bytes) = await FetchIntoAsync(folder, wanted, mostBytes - spent, ct).ConfigureAwait(false);
                    return (path, spent + bytes);
                }
                reasons.Add($"{folder} has no room for {new ByteCount(wanted.Size)}");
            }
            catch (Exception e) when (MediumFault.Is(e))
            {
                fault = e;
                reasons.Add(MediumFault.Reason(e));
                spent += server.Wire.Received - before;
                Forget(PathIn(folder, wanted.Digest) + Part);
            }
            await Console.Error.WriteLineAsync($"the updater is not kept in {folder}: {reasons[^1]}").ConfigureAwait(false);
        }
        return fault is null ? null : throw MediumFault.Of("cannot keep the updater", fault, string.Join("; ", reasons));
    }

    private async Task<(string Path, long Bytes)> FetchIntoAsync(string folder, UpdaterArtifact wanted, long mostBytes, CancellationToken ct)
    {
        string path = PathIn(folder, wanted.Digest);
        var unpacking = new UpdaterUnpacking(server, root);
        var way = unpacking.ShortestOf(wanted, wanted.Size - UpdaterPart.LengthOf(path + Part));
        // One program at a time: no attempt is open now, or it is the open attempt's own that is missing. What came of this one already stays, and what it is made of.
        string[] kept = [path, way?.From ?? path];
        foreach (string old in Directory.EnumerateDirectories(folder).Where(f => !kept.Any(k => Path.GetDirectoryName(k) == f)))
            Directory.Delete(old, recursive: true);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        long before = server.Wire.Received;
        bool made = way is { } shorter && await unpacking.FetchAsync(wanted, shorter, path + Part, mostBytes, ct).ConfigureAwait(false);
        if (!made)
            await server.FetchUpdaterAsync(wanted, path + Part, mostBytes - (server.Wire.Received - before), ct).ConfigureAwait(false);
        if (ThisProgram.DigestOfFile(path + Part) != wanted.Digest)
        {
            File.Delete(path + Part);
            throw new HostupException(HostupErrors.DigestMismatch, "cannot use the updater", "what arrived has another digest", "start the update again");
        }
        File.SetUnixFileMode(path + Part, (UnixFileMode)0b111_101_101);
        File.Move(path + Part, path, overwrite: true);
        return (path, made ? way!.Value.Pack.Bytes : wanted.Size);
    }

    private bool HasRoom(string folder, UpdaterArtifact wanted)
    {
        try
        {
            Directory.CreateDirectory(folder);
            long needed = folder == root + InMemory ? MemoryNeeded : (wanted.Size * 2) - UpdaterPart.LengthOf(PathIn(folder, wanted.Digest) + Part);
            return new DriveInfo(folder).AvailableFreeSpace > needed;
        }
        catch (IOException e) when (e.HResult == NoSpace)
        {
            return false;
        }
    }

    // One that cannot be read is not there.
    private static bool IsThere(string path, Digest digest)
    {
        try
        {
            return File.Exists(path) && ThisProgram.DigestOfFile(path) == digest;
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            return false;
        }
    }

    // What a failing medium holds of it is not gone on with.
    private static void Forget(string part)
    {
        try
        {
            File.Delete(part);
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            // The digest tells what it is.
        }
    }

    private static string PathIn(string folder, Digest digest) => $"{folder}/{digest.Hex}/hostup-device";

    private static HostupException Unusable(string why) =>
        new(HostupErrors.Signature, "cannot use the updater", why, "publish the updater again");
}
