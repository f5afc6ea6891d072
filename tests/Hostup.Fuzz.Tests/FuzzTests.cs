using System.Runtime.CompilerServices;
using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Lab.Trees;
using Hostup.Oci.Layers;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Hostup.Fuzz.Tests;

/// <summary>
/// The corpus as it lies in the repository, and each of its files altered many times: a reader ends with its result or with an error of ours,
/// never with another exception, and allocates no more than its input justifies. HOSTUP_FUZZ_RUNS sets how often.
/// </summary>
public sealed class FuzzTests
{
    private const int Seed = 20_260_101;

    // Good documents that a reader reads whole; the others of the corpus end in an error of ours.
    private static readonly string[] Readable =
        ["envelope/", "trust/", "manifest/", "updater/", "poll/", "tar/", "grubenv/", "journal/", "journal-bytes/", "relay-request/",
        "members/", "oci-index/", "token/", "challenge/", "trust-page/", "config/", "plan/", "checkpoint/", "u-boot/", "balena/", "delta-header/", "repairs/"];

    private static int Runs => int.TryParse(Environment.GetEnvironmentVariable("HOSTUP_FUZZ_RUNS"), out int runs) ? runs : 400;

    public static TheoryData<string> Files => [.. Directory.EnumerateFiles(Folder(), "*", SearchOption.AllDirectories)
        .Select(f => Path.GetRelativePath(Folder(), f).Replace('\\', '/')).Order(StringComparer.Ordinal)
        .SelectMany(f => f.StartsWith("journal/", StringComparison.Ordinal) ? (string[])[f, "journal-bytes" + f["journal".Length..]] : [f])];

    [Theory, MemberData(nameof(Files))]
    public async Task A_file_of_the_corpus_is_read(string file)
    {
        var refusal = await Record.ExceptionAsync(() => ReaderOf(file).ReadAsync(Read(file)));

        if (Readable.Any(r => file.StartsWith(r, StringComparison.Ordinal)))
            Assert.True(refusal is null, $"{file}: {refusal}");
        else
            Assert.True(IsOurs(refusal), $"{file}: {refusal?.ToString() ?? "it was read"}");
    }

    [Theory, MemberData(nameof(Files))]
    public async Task An_altered_file_ends_with_an_error_of_ours_and_bounded_memory(string file)
    {
        var reader = ReaderOf(file);
        byte[] good = Read(file);
        byte[][] others = [.. Files.Select(f => (string)f).Where(f => f.Split('/')[0] == file.Split('/')[0]).Select(Read)];
        await Record.ExceptionAsync(() => reader.ReadAsync(good));
        for (int run = 0; run < Runs; run++)
        {
            int seed = HashCode(file, run);
            byte[] bad = new Mutator(seed).Mutate(good, others[run % others.Length]);
            long before = GC.GetTotalAllocatedBytes(precise: true);

            var exception = await Record.ExceptionAsync(() => reader.ReadAsync(bad));

            long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
            Assert.True(exception is null || IsOurs(exception), $"{file}, seed {seed}, base64 {Convert.ToBase64String(bad)}: {exception}");
            long bound = reader.FixedBytes + ((long)reader.BytesPerByte * bad.Length);
            Assert.True(allocated <= bound, $"{file}, seed {seed}: {allocated} bytes allocated for {bad.Length} bytes of input, at most {bound}");
        }
    }

    [Fact]
    public async Task A_million_empty_entries_cost_no_memory_to_read()
    {
        await using var reader = new LayerReader(new EndlessTarStream(entries: 1_000_000, bytesEach: 0));
        await reader.NextAsync(default);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        int entries = 1;

        while (await reader.NextAsync(default) is not null)
            entries++;

        Assert.Equal(1_000_000, entries);
        long held = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(held < 2 << 20, $"{held} bytes are held");
    }

    [Fact]
    public void Every_reader_has_a_corpus() =>
        Assert.Equal(Readers.All.Keys.Order(StringComparer.Ordinal), Files.Select(f => ((string)f).Split('/')[0]).Distinct().Order(StringComparer.Ordinal));

    private static bool IsOurs(Exception? exception) => exception is HostupException or JsonException;

    private static Reader ReaderOf(string file) => Readers.All[file.Split('/')[0]];

    private static byte[] Read(string file) => file.StartsWith("journal-bytes/", StringComparison.Ordinal)
        ? Readers.Framed(File.ReadAllBytes(Path.Combine(Folder(), "journal" + file["journal-bytes".Length..])))
        : File.ReadAllBytes(Path.Combine(Folder(), file));

    // the framework's own differs from process to process
    private static int HashCode(string file, int run) => file.Aggregate(Seed + run, (hash, c) => unchecked((hash * 31) + c)) & int.MaxValue;

    private static string Folder([CallerFilePath] string file = "") => Path.Combine(Path.GetDirectoryName(file)!, "corpus");
}
