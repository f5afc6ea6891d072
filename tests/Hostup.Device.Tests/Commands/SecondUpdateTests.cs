using System.Diagnostics;
using Hostup.Linux.Locks;

namespace Hostup.Device.Tests.Commands;

/// <summary>The device program beside an update process: it needs the lock's own place in /run.</summary>
[Trait("Needs", "root")]
public sealed class SecondUpdateTests
{
    [Theory]
    [InlineData("update")]
    [InlineData("update", "--resume")]
    [InlineData("update", "--plan", "/nowhere/plan.json")]
    public async Task A_second_update_ends_with_9_and_names_the_first(params string[] arguments)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: the lock lies in /run");
        using var first = UpdateLock.Take();

        var (exitCode, error) = await RunAsync(arguments);

        Assert.Equal(9, exitCode);
        Assert.Contains($"process {Environment.ProcessId} {Environment.ProcessPath} since", error, StringComparison.Ordinal);
        Assert.Contains("[update-running]", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_update_is_not_told_of_another()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: the lock lies in /run");

        var (exitCode, error) = await RunAsync("update", "--plan", "/nowhere/plan.json");

        Assert.Equal(3, exitCode);
        Assert.Contains("[bad-config]", error, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Error)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "hostup-device"), arguments) { RedirectStandardError = true };
        // started by tests that dotnet itself runs, it finds the same runtime
        start.Environment["DOTNET_ROOT"] = Path.GetDirectoryName(Environment.ProcessPath)!;
        using var process = Process.Start(start)!;
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, error);
    }
}
