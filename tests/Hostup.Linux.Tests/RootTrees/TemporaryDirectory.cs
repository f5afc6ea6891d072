using System.Diagnostics;

namespace Hostup.Linux.Tests.RootTrees;

/// <summary>A directory that is gone after the test, on the disk that holds /tmp.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public TemporaryDirectory() => Path = Directory.CreateTempSubdirectory("hostup-test-").FullName;

    public string Path { get; }

    public string Sub(string name) => Directory.CreateDirectory(System.IO.Path.Combine(Path, name)).FullName;

    public string Of(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Run.Checked("/bin/rm", "-rf", Path);
}

/// <summary>Runs programs of the machine and skips tests that lack one.</summary>
internal static class Run
{
    public static string Checked(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {process.ExitCode} {errors.Result}");
    }

    public static void NeedsRoot() => Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: owners and devices cannot be made without it");

    public static void Needs(params string[] programs)
    {
        foreach (var program in programs)
            Assert.SkipUnless(File.Exists(program), $"needs {program}");
    }
}
