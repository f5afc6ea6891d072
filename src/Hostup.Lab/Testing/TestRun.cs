using System.Globalization;
using System.Text.Json;

namespace Hostup.Lab.Testing;

/// <summary>Runs the test programs of the tree and counts what they say.</summary>
public sealed class TestRun(string root)
{
    private int _passed;
    private int _failed;
    private int _skipped;

    /// <summary>Whether nothing failed so far.</summary>
    public bool Good => _failed == 0;

    /// <summary>Whether every part of it ran to its end.</summary>
    public bool IsWhole { get; set; }

    /// <summary>The closing line.</summary>
    public string Summary => string.Create(CultureInfo.InvariantCulture, $"{_passed} passed, {_failed} failed, {_skipped} skipped");

    /// <summary>Builds everything. A build that fails counts as one failed test.</summary>
    public async Task<bool> BuildAsync(CancellationToken ct)
    {
        Console.WriteLine("building");
        bool good = await DotNet.RunAsync(root, ["build", "Hostup.slnx", "-c", "Release", "-v", "quiet", "--nologo"], null, ct) == 0;
        if (!good)
            Count(0, 1, 0);
        return good;
    }

    /// <summary>Counts a failure that no test reported, and says it.</summary>
    public void Fail(string why)
    {
        Count(0, 1, 0);
        Console.WriteLine($"failed   {why}");
    }

    /// <summary>Plants the faults: one that is caught counts as a test that passed.</summary>
    /// <param name="only">Names of those to plant; none: all.</param>
    /// <param name="testsPassed">Whether this run saw the tests pass before.</param>
    /// <param name="ct">Ends it.</param>
    public async Task MutateAsync(IReadOnlyList<string> only, bool testsPassed, CancellationToken ct)
    {
        var (caught, survived, skipped) = await new Mutations(root, testsPassed).RunAsync(only, ct);
        Console.WriteLine($"mutate: {caught} caught, {survived} survived, {skipped} skipped");
        Count(caught, survived, skipped);
    }

    /// <summary>Runs the tests that a filter chooses. Two runs may go side by side.</summary>
    /// <param name="tier">Name for people.</param>
    /// <param name="filter">Options of the test programs.</param>
    /// <param name="everyTest">Print a line for each test, not only for those that did not pass.</param>
    /// <param name="ct">Ends the run.</param>
    /// <param name="programs">Which test programs, by name; null: every one.</param>
    /// <param name="aside">Leave the processors to whatever else wants them.</param>
    public async Task RunAsync(string tier, IReadOnlyList<string> filter, bool everyTest, CancellationToken ct, Func<string, bool>? programs = null, bool aside = false)
    {
        int found = 0;
        foreach (string name in Directory.EnumerateDirectories(Path.Combine(root, "tests"), "*.Tests").Select(p => Path.GetFileName(p)).Where(n => programs?.Invoke(n) ?? true).Order(StringComparer.Ordinal))
        {
            var counter = new Counter(everyTest);
            var lines = new List<string>();
            int exit;
            try
            {
                exit = await DotNet.RunAsync(root, [Path.Combine(root, "artifacts/bin", name, "release", name + ".dll"), "-reporter", "json", "-noColor", .. filter], text =>
                {
                    if (!counter.Take(text))
                    {
                        lock (lines)
                            lines.Add(text);
                    }
                }, ct, aside);
            }
            finally
            {
                // What ran counts, also when the run is ended.
                Count(counter.Passed, counter.Failed, counter.Skipped);
                found += counter.Total;
            }
            // A test program that dies without a failed test is a failure of its own.
            if (exit != 0 && (counter.Failed == 0 || exit > 1))
            {
                Count(0, 1, 0);
                lines.ForEach(Console.WriteLine);
                Console.WriteLine($"failed   {name} ended with exit code {exit}");
            }
            if (counter.Total > 0)
                Console.WriteLine($"{tier}: {name[..^".Tests".Length]}: {counter.Passed} passed, {counter.Failed} failed, {counter.Skipped} skipped ");
        }
        if (found == 0)
            Fail($"{tier}: no test was found");
    }

    private void Count(int passed, int failed, int skipped)
    {
        Interlocked.Add(ref _passed, passed);
        Interlocked.Add(ref _failed, failed);
        Interlocked.Add(ref _skipped, skipped);
    }

    // Lines of xunit's JSON reporter.
    private sealed class Counter(bool everyTest)
    {
        private readonly Dictionary<string, string> _names = [];

        public int Passed { get; private set; }

        public int Failed { get; private set; }

        public int Skipped { get; private set; }

        public int Total => Passed + Failed + Skipped;

        public bool Take(string line)
        {
            if (!line.StartsWith('{'))
                return false;
            JsonElement message;
            try
            {
                message = JsonSerializer.Deserialize<JsonElement>(line);
            }
            catch (JsonException)
            {
                return false;
            }
            string type = Text(message, "$type") ?? "";
            lock (_names)
            {
                if (type == "test-starting")
                    _names[Text(message, "TestUniqueID") ?? ""] = Text(message, "TestDisplayName") ?? "?";
                else
                    Count(type, message);
            }
            return true;
        }

        private void Count(string type, JsonElement message)
        {
            string name = _names.GetValueOrDefault(Text(message, "TestUniqueID") ?? "", "?");
            string seconds = message.TryGetProperty("ExecutionTime", out var time) ? time.GetDouble().ToString("0.0", CultureInfo.InvariantCulture) + " s" : "";
            switch (type)
            {
                case "test-passed":
                    Passed++;
                    if (everyTest)
                        Console.WriteLine($"passed   {name} ({seconds})");
                    break;
                case "test-skipped":
                    Skipped++;
                    Console.WriteLine($"skipped  {name}: {Text(message, "Reason")}");
                    break;
                case "test-failed":
                    Failed++;
                    Console.WriteLine($"failed   {name} ({seconds})\n{All(message, "Messages")}\n{All(message, "StackTraces")}");
                    break;
                case "error-message" or "test-cleanup-failure" or "test-class-cleanup-failure" or "test-assembly-cleanup-failure":
                    Failed++;
                    Console.WriteLine($"failed   {type} {name}\n{All(message, "Messages")}");
                    break;
            }
        }

        private static string? Text(JsonElement message, string property) => message.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

        private static string All(JsonElement message, string property) => message.TryGetProperty(property, out var values) && values.ValueKind == JsonValueKind.Array
            ? string.Join('\n', values.EnumerateArray().Select(v => v.ToString()))
            : "";
    }
}
