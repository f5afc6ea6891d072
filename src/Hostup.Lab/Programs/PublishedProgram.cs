using Hostup.Core.Errors;
using Hostup.Lab.Cache;

namespace Hostup.Lab.Programs;

/// <summary>A program of this repository, published as one file for the guest.</summary>
public static class PublishedProgram
{
    private const string OwnPlatform = "linux-x64";

    private static readonly string[] SharedFiles = ["Directory.Build.props", "Directory.Packages.props", "global.json"];

    /// <summary>Returns the path of the program, published when its sources have changed since.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="project">Project folder below src, for example <c>Hostup.Device</c>.</param>
    /// <param name="program">File name of the program.</param>
    /// <param name="version">Version that the program says of itself.</param>
    /// <param name="ct">Ends the making.</param>
    /// <param name="platform">.NET runtime identifier of the machine that it is for.</param>
    /// <exception cref="HostupException"><c>lab</c>: it cannot be published for that machine here.</exception>
    public static async Task<string> GetAsync(LabEnvironment lab, string project, string program, string version, CancellationToken ct, string platform = OwnPlatform)
    {
        string source = Path.Combine(lab.RepositoryRoot, "src");
        var key = new CacheKey().Add("project", project).Add("version", version).Add("platform", platform);
        foreach (string file in SharedFiles)
            key.AddFile(file, Path.Combine(lab.RepositoryRoot, file));
        foreach (string name in ProjectsOf(source, project))
            key.AddFolder(name, Path.Combine(source, name), path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal));
        string folder = await lab.Cache.GetAsync("program-" + project, key.Finish(), folder => PublishAsync(source, project, version, platform, folder, ct), ct);
        return Path.Combine(folder, program);
    }

    private static async Task PublishAsync(string source, string project, string version, string platform, string folder, CancellationToken ct)
    {
        // own folder for intermediate files: a publish with another version must not disturb the builds of the source tree
        string artifacts = Path.Combine(folder, "artifacts");
        string[] arguments =
        [
            "publish", Path.Combine(source, project), "-r", platform, "-c", "Release", "--self-contained", "--artifacts-path", artifacts, "-o", folder,
            "-p:PublishSingleFile=true", "-p:PublishTrimmed=true", "-p:PublishReadyToRun=true", "-p:DebugType=none", "-p:HostupVersion=" + version,
            "--nologo", "-v", "quiet", "-nodeReuse:false",
        ];
        try
        {
            await new Tool("dotnet").RunAsync(arguments, TimeSpan.FromMinutes(15), null, ct);
        }
        catch (HostupException e) when (platform != OwnPlatform)
        {
            throw new HostupException(
                HostupErrors.Lab, $"cannot publish {project} for {platform}", e.Why,
                $"publish where a package source has Microsoft.NETCore.App.Runtime.{platform}, then give the program with `hostup-lab package --platform {platform} --program FILE`", e);
        }
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
