using System.Diagnostics;
using Hostup.Device.Commands;

namespace Hostup.Device.Tests.Commands;

/// <summary>What somebody at the device reads when a command meets a file that cannot be read or written.</summary>
public sealed class CommandEndTests
{
    private static readonly string Folder = Path.GetTempPath();

    [Fact]
    public async Task A_medium_that_takes_no_write_is_a_sentence_and_exit_code_1() => Assert.Equal(
        (1, "hostup-device: cannot finish `hostup-device rollback altboot`: No space left on device : '/dev/full' [medium]\n"
            + "               look at mounts, free space and the kernel log of the device; a medium that fails must be replaced\n"),
        await EndAsync("rollback altboot", () => File.WriteAllBytes("/dev/full", [1])));

    [Fact]
    public async Task A_place_that_is_no_file_is_a_sentence_too()
    {
        var (exitCode, error) = await EndAsync("status", () => File.ReadAllBytes(Folder));

        Assert.Equal(1, exitCode);
        Assert.StartsWith("hostup-device: cannot finish `hostup-device status`: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reason_that_begins_with_cannot_does_not_say_it_twice() => Assert.StartsWith(
        "hostup-device: cannot finish `hostup-device rollback health`: flush /mnt/state: Input/output error [medium]\n",
        (await EndAsync("rollback health", () => throw new IOException("cannot flush /mnt/state: Input/output error"))).Error, StringComparison.Ordinal);

    [Fact]
    public async Task A_bug_ends_the_process_with_its_stack() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => EndAsync("status", () => throw new InvalidOperationException("bug: impossible")));

    [Theory]
    [InlineData("check")]
    [InlineData("plan")]
    public async Task The_program_itself_shows_no_stack(string command)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "hostup-device"), [command, "--target", Folder]) { RedirectStandardError = true };
        // started by tests that dotnet itself runs, it finds the same runtime
        start.Environment["DOTNET_ROOT"] = Path.GetDirectoryName(Environment.ProcessPath)!;
        using var process = Process.Start(start)!;
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.Equal(3, process.ExitCode);
        Assert.StartsWith($"hostup-device: cannot read target {Folder}: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Error)> EndAsync(string command, Action act)
    {
        var error = new StringWriter();
        int exitCode = await CommandEnd.OfAsync(command, () =>
        {
            act();
            return Task.FromResult(0);
        }, error);
        return (exitCode, error.ToString());
    }
}
