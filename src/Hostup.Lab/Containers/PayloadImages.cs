using Hostup.Lab.Cache;
using Hostup.Lab.Images;
using Hostup.Lab.Programs;

namespace Hostup.Lab.Containers;

/// <summary>The archives of the two images that a device is provisioned with.</summary>
/// <param name="Application">The user's application.</param>
/// <param name="Supervisor">The stand-in for the supervisor.</param>
public sealed record PayloadImages(string Application, string Supervisor)
{
    /// <summary>Image name of the application.</summary>
    public const string ApplicationReference = "hostup-lab/application:1";

    private const string Program = "usr/bin/hostup-lab-payload";

    /// <summary>What a .NET program of one file loads at run time; taken from the host OS, whose C library it was built for.</summary>
    private static readonly string[] Libraries =
    [
        "libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "libgcc_s.so.1", "libstdc++.so.6", "libssl.so.3", "libcrypto.so.3",
    ];

    /// <summary>Image name of a supervisor.</summary>
    /// <param name="version">For example <c>v14.0.0</c>.</param>
    public static string SupervisorReference(string version) => "hostup-lab/supervisor:" + version;

    /// <summary>Returns the archives, made when the payload program has changed since.</summary>
    public static async Task<PayloadImages> BuildAsync(LabEnvironment lab, HostOsTree tree, string supervisorVersion, CancellationToken ct)
    {
        string program = await PublishedProgram.GetAsync(lab, "Hostup.Lab.Payload", "hostup-lab-payload", "1.0.0", ct);
        string libraryFolder = Path.Combine(tree.Root, "usr/lib/x86_64-linux-gnu");
        var files = Libraries.ToDictionary(l => "usr/lib/x86_64-linux-gnu/" + l, l => Path.Combine(libraryFolder, l));
        files["lib64/ld-linux-x86-64.so.2"] = Path.Combine(libraryFolder, "ld-linux-x86-64.so.2");
        files[Program] = program;
        var key = new CacheKey().Add("recipe", "1").Add("supervisor", supervisorVersion);
        foreach (var (target, source) in files)
            key.AddFile(target, source);
        string folder = await lab.Cache.GetAsync("payload-images", key.Finish(), folder => MakeAsync(files, supervisorVersion, folder, ct), ct);
        return In(folder);
    }

    private static PayloadImages In(string folder) => new(Path.Combine(folder, "application.tar"), Path.Combine(folder, "supervisor.tar"));

    private static async Task MakeAsync(Dictionary<string, string> files, string supervisorVersion, string folder, CancellationToken ct)
    {
        var paths = In(folder);
        await new DockerArchive(ApplicationReference, ["/" + Program, "application"], new Dictionary<string, string>()).WriteAsync(paths.Application, files, ct);
        await new DockerArchive(SupervisorReference(supervisorVersion), ["/" + Program, "supervisor"],
            new Dictionary<string, string> { ["io.balena.image.store"] = "data", ["version"] = supervisorVersion }).WriteAsync(paths.Supervisor, files, ct);
    }
}
