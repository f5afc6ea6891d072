using System.Text.Json;
using System.Text.Json.Serialization;
using Hostup.Core.Errors;

namespace Hostup.Lab.Testing;

/// <summary>One planted fault: a change of one place in the source that tests must notice.</summary>
/// <param name="Name">Its name.</param>
/// <param name="File">The source file, from the root.</param>
/// <param name="Find">The place, once in the file.</param>
/// <param name="Replace">What is there instead.</param>
/// <param name="Test">The test that was written against it, tried first; when it notices nothing, all of its project are tried.</param>
/// <param name="Tests">The test project that must notice it.</param>
/// <param name="Root">Whether its test needs root; tests that do are left out else.</param>
public sealed record Mutation(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("file")] string File,
    [property: JsonPropertyName("find")] string Find,
    [property: JsonPropertyName("replace")] string Replace,
    [property: JsonPropertyName("test")] string Test,
    [property: JsonPropertyName("tests")] string Tests = "Hostup.Updates.Tests",
    [property: JsonPropertyName("root")] bool Root = false);

/// <summary>Plants each fault of tests/mutations.json in a copy of the source and runs the tests on it that must notice: those of the update logic where nothing else is said.</summary>
/// <param name="root">The source tree.</param>
/// <param name="testsPassed">Whether all tests passed a moment ago: they need not be seen to pass without a fault once more.</param>
public sealed class Mutations(string root, bool testsPassed)
{
    /// <summary>A fault may leave something unused: no warning and no style ends a build.</summary>
    internal static IReadOnlyList<string> BuildOptions { get; } = ["-c", "Release", "-v", "quiet", "--nologo", "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false"];

    /// <summary>Far more than all tests of a project take.</summary>
    private static readonly TimeSpan TestsLimit = TimeSpan.FromMinutes(30);

    private readonly HashSet<string> _allPass = [];

    /// <summary>Runs them, a line each.</summary>
    /// <param name="only">Names of those to plant; none: all.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>Caught, survived, and those that need root where we have it not.</returns>
    public async Task<(int Caught, int Survived, int Skipped)> RunAsync(IReadOnlyList<string> only, CancellationToken ct)
    {
        var all = JsonSerializer.Deserialize<Mutation[]>(await File.ReadAllTextAsync(Path.Combine(root, "tests/mutations.json"), ct))!;
        if (only.Except(all.Select(m => m.Name)).FirstOrDefault() is { } unknown)
            throw new HostupException(HostupErrors.BadValue, $"cannot plant fault {unknown}", "tests/mutations.json has none of this name", "look its name up there");
        all = [.. all.Where(m => only.Count == 0 || only.Contains(m.Name))];
        Mutation[] mutations = [.. all.Where(m => !m.Root || Environment.IsPrivilegedProcess)];
        foreach (var left in all.Except(mutations))
            Console.WriteLine($"{left.Name} skipped: its test needs root");
        string copy = Directory.CreateTempSubdirectory("hostup-mutate-").FullName;
        try
        {
            string[] projects = [.. mutations.Select(m => m.Tests).Distinct()];
            Copy(copy, projects);
            foreach (string tests in projects)
            {
                if (await BuildAsync(copy, [$"tests/{tests}"], ct) != 0)
                    throw new HostupException(HostupErrors.Lab, "cannot plant faults", $"{tests} does not build", "run `./test fast` first");
                foreach (var asked in mutations.Where(m => m.Tests == tests && !testsPassed).GroupBy(m => m.Root))
                    await RequirePassAsync(copy, tests, [.. asked.Select(m => m.Test).Distinct()], asked.Key, ct);
            }
            int caught = 0;
            await using var compiler = new FaultCompiler(copy);
            // The next fault is built while the tests look for this one.
            var next = BuildFaultAsync(copy, compiler, mutations[0], ct);
            for (int i = 0; i < mutations.Length; i++)
            {
                var fault = await next;
                next = i + 1 < mutations.Length ? BuildFaultAsync(copy, compiler, mutations[i + 1], ct) : next;
                bool noticed = await IsNoticedAsync(copy, fault, [mutations[i].Test], mutations[i].Root, ct) || await IsNoticedByAnyAsync(copy, fault, ct);
                caught += noticed ? 1 : 0;
                Console.WriteLine($"{mutations[i].Name} {(noticed ? "caught" : "survived")}");
            }
            return (caught, mutations.Length - caught, all.Length - mutations.Length);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    /// <summary>Builds the library with a fault in it: only its project, because public shapes do not change. The source is whole again afterwards.</summary>
    private static async Task<PlantedFault> BuildFaultAsync(string copy, FaultCompiler compiler, Mutation mutation, CancellationToken ct)
    {
        string path = Path.Combine(copy, mutation.File);
        string source = await File.ReadAllTextAsync(path, ct);
        string planted = source.Replace(mutation.Find, mutation.Replace, StringComparison.Ordinal);
        if (planted == source)
            throw new HostupException(HostupErrors.Lab, $"cannot plant fault {mutation.Name}", $"its place is not in {mutation.File} any more", "bring tests/mutations.json up to date");
        string project = string.Join('/', mutation.File.Split('/').Take(2));
        string library = LibraryOf(Path.Combine(copy, project)) + ".dll";
        string built = Path.Combine(Directory.CreateDirectory(Path.Combine(copy, "faults", mutation.Name)).FullName, library);
        await File.WriteAllTextAsync(path, planted, ct);
        try
        {
            if (!await compiler.CompileAsync(project, built, ct))
                throw new HostupException(HostupErrors.Lab, $"cannot plant fault {mutation.Name}", "the source does not build with it", "bring tests/mutations.json up to date");
        }
        finally
        {
            await File.WriteAllTextAsync(path, source, CancellationToken.None);
        }
        return new PlantedFault(built, Path.Combine(copy, $"artifacts/bin/{mutation.Tests}/release", library), mutation.Tests);
    }

    private async Task<bool> IsNoticedByAnyAsync(string copy, PlantedFault fault, CancellationToken ct)
    {
        if (_allPass.Add(fault.Tests) && !testsPassed)
            await RequirePassAsync(copy, fault.Tests, [], root: false, ct);
        return await IsNoticedAsync(copy, fault, [], root: false, ct);
    }

    private static async Task RequirePassAsync(string copy, string project, IReadOnlyList<string> tests, bool root, CancellationToken ct)
    {
        if (await TestAsync(copy, project, tests, root, ct) != 0)
            throw new HostupException(HostupErrors.Lab, "cannot plant faults", $"the tests of {project} fail without any", "run `./test fast` first");
    }

    /// <summary>Runs the tests with the library put where they load it.</summary>
    private static async Task<bool> IsNoticedAsync(string copy, PlantedFault fault, IReadOnlyList<string> tests, bool root, CancellationToken ct)
    {
        string good = fault.Place + ".good";
        File.Copy(fault.Place, good);
        File.Copy(fault.Library, fault.Place, overwrite: true);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TestsLimit);
        try
        {
            return await TestAsync(copy, fault.Tests, tests, root, limit.Token) != 0;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return true; // tests that never end are not green
        }
        finally
        {
            File.Move(good, fault.Place, overwrite: true);
        }
    }

    // Some programs have another name than their project.
    private static string LibraryOf(string project) =>
        System.Xml.Linq.XDocument.Load(Path.Combine(project, Path.GetFileName(project) + ".csproj")).Descendants("AssemblyName").FirstOrDefault()?.Value ?? Path.GetFileName(project);

    private static Task<int> BuildAsync(string copy, IReadOnlyList<string> what, CancellationToken ct) =>
        DotNet.RunAsync(copy, ["build", .. what, .. BuildOptions], null, ct);

    private static Task<int> TestAsync(string copy, string project, IReadOnlyList<string> tests, bool root, CancellationToken ct) =>
        DotNet.RunAsync(copy, [$"artifacts/bin/{project}/release/{project}.dll", "-noColor", "-stopOnFail", .. root ? Array.Empty<string>() : ["-trait-", "Needs=root"], .. tests.SelectMany(t => new[] { "-method", "*." + t })], _ => { }, ct);

    private void Copy(string target, IReadOnlyList<string> projects)
    {
        foreach (string folder in projects.Select(p => "tests/" + p).Prepend("src"))
        {
            foreach (string file in Directory.EnumerateFiles(Path.Combine(root, folder), "*", SearchOption.AllDirectories))
                CopyFile(target, Path.GetRelativePath(root, file));
        }
        // The solution marks the root, and tests compare themselves with documents.
        foreach (string file in new[] { "Hostup.slnx", "docs/update-run.md", "docs/rollback.md", "docs/cli.md", "Directory.Build.props", "Directory.Packages.props", "global.json", ".editorconfig", "tests/Directory.Build.props" })
            CopyFile(target, file);
    }

    private void CopyFile(string target, string relative)
    {
        string to = Path.Combine(target, relative);
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        File.Copy(Path.Combine(root, relative), to);
    }

    /// <summary>A library with a fault.</summary>
    /// <param name="Library">The file that was built.</param>
    /// <param name="Place">Where the tests load it.</param>
    /// <param name="Tests">The test project.</param>
    private sealed record PlantedFault(string Library, string Place, string Tests);
}
