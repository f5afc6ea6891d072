using System.Globalization;
using System.Security.Cryptography;
using Hostup.Core.Errors;
using Hostup.Lab.Programs;

namespace Hostup.Lab.Benchmarks;

/// <summary>Our delta and those of other programs, each checked by what it gives.</summary>
/// <param name="cli">Program library of hostup.</param>
/// <param name="scratch">Folder that may be filled.</param>
/// <param name="threads">Processors for our builder.</param>
internal sealed class DeltaMethods(string cli, string scratch, int threads)
{
    private const int BlockBytes = 4096;

    /// <summary>As the unit of the update process has it: what the garbage collector leaves lying is no need of the applier.</summary>
    private static readonly Dictionary<string, string> DeviceHeap = new() { ["DOTNET_GCHeapHardLimit"] = "0x2800000", ["DOTNET_gcConcurrent"] = "0" };

    /// <summary>All but ours, in the order of the table.</summary>
    public IReadOnlyList<Func<PairTree, PairTree, CancellationToken, Task<DeltaResult>>> Others => [XdeltaAsync, ZstdAsync, RdiffAsync, CasyncAsync, BlocksAsync, FullAsync];

    public async Task<DeltaResult> HostupAsync(PairTree old, PairTree target, CancellationToken ct)
    {
        var dotnet = new Tool("dotnet");
        string delta = In("hupdelta"), made = In("made");
        var build = await MeasuredRun.OfAsync(dotnet, [cli, "delta", "build", "--from", old.Folder, "--to", target.Folder, "--out", delta, "--threads", threads.ToString(CultureInfo.InvariantCulture)], null, ct);
        // its exit status says whether the tree digest is the right one
        var apply = await MeasuredRun.OfAsync(dotnet, [cli, "delta", "apply", "--from", old.Folder, "--delta", delta, "--out", made], null, DeviceHeap, ct);
        Directory.Delete(made, recursive: true);
        return new DeltaResult(DeltaResult.Ours, Size(delta), build, apply);
    }

    public async Task<DeltaResult> RdiffAsync(PairTree old, PairTree target, CancellationToken ct)
    {
        var rdiff = new Tool("rdiff");
        string signature = In("signature"), delta = In("rdiff"), packed = In("rdiff.gz"), made = In("made.tar");
        var build = await MeasuredRun.OfAsync(rdiff, ["-b", "512", "signature", old.Tar, signature], null, ct)
            + await MeasuredRun.OfAsync(rdiff, ["delta", signature, target.Tar, delta], null, ct)
            + await MeasuredRun.OfAsync(new Tool("gzip"), ["-6", "-n", "-c", delta], packed, ct);
        var apply = await MeasuredRun.OfAsync(rdiff, ["patch", old.Tar, delta, made], null, ct);
        await CheckAsync(made, target, ct);
        return new DeltaResult(DeltaResult.Rdiff, Size(packed), build, apply);
    }

    public async Task<DeltaResult> XdeltaAsync(PairTree old, PairTree target, CancellationToken ct)
    {
        var xdelta = new Tool("xdelta3");
        string delta = In("xdelta"), made = In("made.tar");
        var build = await MeasuredRun.OfAsync(xdelta, ["-e", "-f", "-9", "-S", "lzma", "-B", "671088640", "-W", "16777216", "-s", old.Tar, target.Tar, delta], null, ct);
        var apply = await MeasuredRun.OfAsync(xdelta, ["-d", "-f", "-B", "671088640", "-s", old.Tar, delta, made], null, ct);
        await CheckAsync(made, target, ct);
        return new DeltaResult(DeltaResult.Xdelta, Size(delta), build, apply);
    }

    /// <summary>The old tar as prefix of the new one, in one window.</summary>
    public async Task<DeltaResult> ZstdAsync(PairTree old, PairTree target, CancellationToken ct)
    {
        var zstd = new Tool("zstd");
        string delta = In("zstd"), made = In("made.tar");
        var build = await MeasuredRun.OfAsync(zstd, ["-q", "-f", "-T1", "-3", "--long=31", "--patch-from=" + old.Tar, target.Tar, "-o", delta], null, ct);
        var apply = await MeasuredRun.OfAsync(zstd, ["-q", "-f", "-d", "--long=31", "--patch-from=" + old.Tar, delta, "-o", made], null, ct);
        await CheckAsync(made, target, ct);
        return new DeltaResult("zstd -3 --patch-from", Size(delta), build, apply);
    }

    /// <summary>No delta.</summary>
    public async Task<DeltaResult> FullAsync(PairTree old, PairTree target, CancellationToken ct)
    {
        var zstd = new Tool("zstd");
        string packed = In("full"), made = In("made.tar");
        var build = await MeasuredRun.OfAsync(zstd, ["-q", "-f", "-T1", "-3", target.Tar, "-o", packed], null, ct);
        var apply = await MeasuredRun.OfAsync(zstd, ["-q", "-f", "-d", packed, "-o", made], null, ct);
        await CheckAsync(made, target, ct);
        return new DeltaResult(DeltaResult.Full, Size(packed), build, apply);
    }

    public async Task<DeltaResult> CasyncAsync(PairTree old, PairTree target, CancellationToken ct)
    {
        var casync = new Tool("casync");
        string oldStore = In("old.castr"), store = In("new.castr"), index = In("new.caibx");
        await MeasuredRun.OfAsync(casync, ["make", "--store=" + oldStore, In("old.caibx"), old.Tar], null, ct);
        var build = await MeasuredRun.OfAsync(casync, ["make", "--store=" + store, index, target.Tar], null, ct);
        var had = Directory.EnumerateFiles(oldStore, "*", SearchOption.AllDirectories).Select(f => Path.GetFileName(f)).ToHashSet();
        long missing = Directory.EnumerateFiles(store, "*", SearchOption.AllDirectories).Where(f => !had.Contains(Path.GetFileName(f))).Sum(Size);
        string made = In("made.tar");
        var apply = await MeasuredRun.OfAsync(casync, ["extract", "--store=" + store, "--seed=" + old.Tar, index, made], null, ct);
        await CheckAsync(made, target, ct);
        return new DeltaResult("casync, 64 KiB chunks, index", missing + Size(index), build, apply);
    }

    /// <summary>Blocks of the new file system that the old one lacks, each once, as they are: what an index of block hashes makes a device fetch.</summary>
    public async Task<DeltaResult> BlocksAsync(PairTree old, PairTree target, CancellationToken ct)
    {
        string before = In("old.ext4"), after = In("new.ext4");
        await FileSystemAsync(old, before, ct);
        var build = await FileSystemAsync(target, after, ct);
        var known = new HashSet<UInt128>();
        foreach (var block in Blocks(before))
            known.Add(block);
        return new DeltaResult("4 KiB blocks of ext4, plain", Blocks(after).Count(known.Add) * (long)BlockBytes, build, null);
    }

    private static async Task<MeasuredRun> FileSystemAsync(PairTree tree, string file, CancellationToken ct)
    {
        const string id = "11111111-2222-3333-4444-55555555555";
        return await MeasuredRun.OfAsync(new Tool("mke2fs"), ["-q", "-F", "-t", "ext4", "-O", "^has_journal", "-U", id + "5", "-E", "hash_seed=" + id + "6", "-d", tree.Folder, file, "1000M"], null, ct);
    }

    private static IEnumerable<UInt128> Blocks(string file)
    {
        using var stream = File.OpenRead(file);
        byte[] block = new byte[BlockBytes];
        while (stream.ReadAtLeast(block, BlockBytes, throwOnEndOfStream: false) == BlockBytes)
            if (block.AsSpan().ContainsAnyExcept((byte)0))
                yield return BitConverter.ToUInt128(SHA256.HashData(block));
    }

    private static async Task CheckAsync(string made, PairTree target, CancellationToken ct)
    {
        if ((await new Tool("cmp").TryRunAsync([made, target.Tar], TimeSpan.FromMinutes(10), null, null, ct)).ExitCode != 0)
            throw new HostupException(HostupErrors.Lab, $"cannot use {made}", "it is not what it should be", "look at the version of the program that made it");
        File.Delete(made);
    }

    private string In(string name) => Path.Combine(scratch, name);

    private static long Size(string file) => new FileInfo(file).Length;
}
