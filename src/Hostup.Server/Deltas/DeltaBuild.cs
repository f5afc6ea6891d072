using System.Diagnostics;
using System.Security.Cryptography;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Core.Wire;
using Hostup.Delta.Building;
using Hostup.Delta.Format;
using Hostup.Delta.Repair;
using Hostup.Server.Blobs;
using Hostup.Server.Updaters;

namespace Hostup.Server.Deltas;

/// <summary>
/// What the process does that builds one delta: <c>hostup-server build-delta DATA FROM-ENVELOPE TO-ENVELOPE FOLDER</c>. It reads two images of the server, writes the
/// delta into the folder, proves it and says so in words of <see cref="DeltaWord"/>. It has no database, opens no port, and ends with the process that started it.
/// </summary>
internal static class DeltaBuild
{
    /// <summary>First argument of the process.</summary>
    public const string Command = "build-delta";

    /// <summary>The same of a process that builds the delta between two device programs, by their digests.</summary>
    public const string PackCommand = "build-pack";

    /// <summary>In the place of a digest: no program.</summary>
    public const string NoProgram = "none";

    /// <summary>Name of the delta in the folder.</summary>
    public const string FileName = "delta";

    /// <summary>Name of its repair list there, if it has one.</summary>
    public const string RepairsName = "repairs";

    /// <summary>A delta of this part of the full image or more saves too little to be worth a device's work.</summary>
    public const double LargestPart = 0.8;

    /// <summary>Each one sorts up to 96 MB of old bytes, for which it takes 480 MB, beside 160 MB of contents: two would not keep the bound of <see cref="DeltaProcess"/>. More at once are more workers.</summary>
    private const int Threads = 1;

    // of the whole: what reading a tree takes, and where the proof begins
    private const double OldRead = 0.05, BothRead = 0.1, BuildEnds = 0.95;

    public static async Task<int> RunAsync(string[] args, CancellationToken ct)
    {
        using (var self = Process.GetCurrentProcess())
            self.PriorityClass = ProcessPriorityClass.Idle; // before there are threads: those that come have its priority
        EndWithParent();
        var words = Console.Out;
        DeltaWord last;
        try
        {
            last = args switch
            {
                [Command, var data, var from, var to, var folder] => await MakeAsync(new BlobStore(data), Digest.Parse(from), Digest.Parse(to), folder, p => words.WriteLine(new DeltaWord { Progress = p }.ToLine()), ct),
                [PackCommand, var data, var from, var to, var folder] => await UpdaterPackBuild.MakeAsync(new BlobStore(data), from == NoProgram ? null : Digest.Parse(from), Digest.Parse(to), folder, ct),
                _ => throw new HostupException(HostupErrors.Usage, "cannot build a delta", "the arguments are not DATA FROM TO FOLDER", "let the server start this process"),
            };
        }
        catch (HostupException e)
        {
            last = new DeltaWord { Error = new ApiError(e.Code.Id, $"{e.What}: {e.Why}", e.WhatToDo) };
        }
        catch (Exception e)
        {
            // no word: the server takes it for a fall, and tries again
            await Console.Error.WriteLineAsync(e.ToString());
            return 1;
        }
        await words.WriteLineAsync(last.ToLine());
        await words.FlushAsync(ct);
        return 0;
    }

    /// <summary>Builds a delta and proves it.</summary>
    /// <returns>What came of it.</returns>
    /// <exception cref="HostupException">What the server holds is not what was signed, or the delta does not give the signed tree.</exception>
    public static async Task<DeltaWord> MakeAsync(BlobStore blobs, Digest fromEnvelope, Digest toEnvelope, string folder, Action<double> progress, CancellationToken ct)
    {
        var (from, to) = (await StoredTree.ReleaseAsync(blobs, fromEnvelope, ct), await StoredTree.ReleaseAsync(blobs, toEnvelope, ct));
        using var old = await StoredTree.SpoolAsync(blobs, from, folder, new Dictionary<Digest, TreePlace>(), ct);
        if (old.Digest != from.TreeDigest)
            throw new HostupException(HostupErrors.DigestMismatch, $"cannot build a delta from {from.Version}", $"its image gives the tree {old.Digest}, and {from.TreeDigest} is signed", "no device runs that image; publish a release that was signed from its own image");
        progress(OldRead);
        var places = new Dictionary<Digest, TreePlace>();
        using var target = await StoredTree.SpoolAsync(blobs, to, folder, places, ct);
        progress(BothRead);
        string file = Path.Combine(folder, FileName);
        var header = await BuildAsync(old, target, file, p => progress(BothRead + (p * (BuildEnds - BothRead))), ct);
        await using var delta = File.OpenRead(file);
        if (delta.Length >= LargestPart * to.Image.DownloadBytes)
            return new DeltaWord { NotWorth = true, Bytes = delta.Length, Frames = header.Frames.Count };
        await new DeltaProof(target).CheckAsync(delta, old, to.TreeDigest, folder, ct);
        delta.Position = 0;
        var built = DeltaWord.Built(Digest.FromHash(await SHA256.HashDataAsync(delta, ct)), delta.Length, header.Frames.Count);
        return await WriteRepairsAsync(to, RepairList.Of(target, places), folder, ct) is { } repairs ? built with { Repairs = repairs.ToString() } : built;
    }

    /// <summary>Writes down where the contents lie in the image. Of one that is not framed no part can be had.</summary>
    /// <returns>Its digest; null: no device could use it.</returns>
    private static async Task<Digest?> WriteRepairsAsync(ReleaseManifest to, RepairList repairs, string folder, CancellationToken ct)
    {
        if (to.Image.Layers is [] || to.Image.Layers.Any(l => l.Members is []) || repairs.Write() is not { Length: <= RepairList.MaxBytes } list)
            return null;
        await File.WriteAllBytesAsync(Path.Combine(folder, RepairsName), list, ct);
        return Digest.Of(list);
    }

    private static async Task<DeltaHeader> BuildAsync(SpooledTree old, SpooledTree target, string file, Action<double> progress, CancellationToken ct)
    {
        double told = 0;
        var options = new DeltaOptions
        {
            Threads = Threads,
            Progress = p =>
            {
                if (p - told < 0.005) // one line in two hundred is enough
                    return;
                progress(told = p);
            },
        };
        await using var output = File.Create(file);
        return await DeltaBuilder.BuildAsync(old, target, output, options, ct);
    }

    /// <summary>The server holds the other end of the input and never writes to it: its end is the server's.</summary>
    private static void EndWithParent()
    {
        var input = Console.OpenStandardInput();
        var watch = new Thread(() =>
        {
            while (input.ReadByte() >= 0)
            {
            }
            Environment.Exit(1);
        })
        { IsBackground = true };
        watch.Start();
    }
}
