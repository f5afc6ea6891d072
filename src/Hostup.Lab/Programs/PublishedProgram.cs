using Hostup.Lab.Cache;

namespace Hostup.Lab.Programs;

/// <summary>A program of this repository, published as one file for the guest.</summary>
public static class PublishedProgram
{
    private static readonly string[] SharedFiles = ["Directory.Build.props", "Directory.Packages.props", "global.json"];

    /// <summary>Returns the path of the program, published when its sources have changed since.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="project">Project folder below src, for example <c>Hostup.Device</c>.</param>
    /// <param name="program">File name of the program.</param>
    /// <param name="version">Version that the program says of itself.</param>
    /// <param name="ct">Ends the making.</param>
    public static async Task<string> GetAsync(LabEnvironment lab, string project, string program, string version, CancellationToken ct)
    {
        string source = Path.Combine(lab.RepositoryRoot, "src");
        var key = new CacheKey().Add("project", project).Add("version", version);
        foreach (string file in SharedFiles)
            key.AddFile(file, Path.Combine(lab.RepositoryRoot, file));
        foreach (string name in ProjectsOf(source, project))
            key.AddFolder(name, Path.Combine(source, name), path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal));
        string folder = await lab.Cache.GetAsync("program-" + project, key.Finish(), folder => PublishAsync(source, project, version, folder, ct), ct);
        return Path.Combine(folder, program);
    }

    private static async Task PublishAsync(string source, string project, string version, string folder, CancellationToken ct)
    {
        // own folder for intermediate files: a publish with another version must not disturb the builds of the source tree
        string artifacts = Path.Combine(folder, "artifacts");
        await new Tool("dotnet").RunAsync(
        [
            "publish", Path.Combine(source, project), "-r", "linux-x64", "-c", "Release", "--self-contained", "--artifacts-path", artifacts, "-o", folder,
            "-p:PublishSingleFile=true", "-p:PublishTrimmed=true", "-p:PublishReadyToRun=true", "-p:DebugType=none", "-p:HostupVersion=" + version,
            "--nologo", "-v", "quiet", "-nodeReuse:false",
        ], TimeSpan.FromMinutes(15), null, ct);
        Directory.Delete(artifacts, recursive: true);
    }

    /// <summary>The project and all it references, found by reading the project files.</summary>
    private static SortedSet<string> ProjectsOf(string source, string project)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>([project]);
        while (open.TryDequeue(out string? name))
        {
            if (!found.Add(name))
                continue;
            var document = System.Xml.Linq.XDocument.Load(Path.Combine(source, name, name + ".csproj"));
            foreach (var reference in document.Descendants("ProjectReference"))
                open.Enqueue(Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!));
        }
        return found;
    }
}
