using Hostup.Core.Releases;
using Hostup.Linux.Hooks;
using Hostup.Linux.Processes;
using Hostup.Linux.Tests.RootTrees;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Tests.Hooks;

/// <summary>Hooks as real children: their variables, their mounts, their time.</summary>
[Trait("Needs", "root")]
public sealed class LinuxHooksTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("hostup-hooks-").FullName;

    public LinuxHooksTests()
    {
        Run.NeedsRoot();
        Run.Needs("/usr/bin/unshare");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_hook_gets_its_variables_and_all_that_it_says_is_told()
    {
        Hook("before/10-a", "echo \"$DURING_UPDATE $HOOKS_DIR\"; echo warned >&2");

        var end = await RunAsync("before/10-a", duringUpdate: true);

        Assert.Null(end.Fault);
        Assert.Equal($"1 {_root}{HookFolder.Place}/\nwarned\n", end.Output);
    }

    [Fact]
    public async Task A_hook_that_fails_says_how()
    {
        Hook("before/10-a", "echo no such device; exit 7");

        Assert.Equal(new HookEnd("exit code 7", "no such device\n"), await RunAsync("before/10-a"));
    }

    [Fact]
    public async Task A_hook_that_is_not_there_or_no_program_fails()
    {
        Directory.CreateDirectory(_root + HookFolder.Place);

        Assert.NotNull((await RunAsync("10-a")).Fault);
        Assert.StartsWith("exit code", (await RunAsync("10-a", traced: true)).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_hook_mounts_nobody_else_sees()
    {
        Hook("before/10-a", "mount -t tmpfs none \"$HOOKS_DIR\" && [ ! -e \"$HOOKS_DIR/before\" ]");

        Assert.Null((await RunAsync("before/10-a")).Fault);

        Assert.True(File.Exists($"{_root}{HookFolder.Place}/before/10-a"));
    }

    [Fact]
    public async Task A_hook_that_does_not_end_is_ended()
    {
        Hook("before/10-a", "exec tail -f /dev/null");

        var end = await RunAsync("before/10-a", limit: TimeSpan.FromSeconds(1));

        Assert.Equal("it did not end within 1 s", end.Fault);
    }

    [Fact]
    public async Task A_script_that_is_traced_tells_each_command_and_keeps_the_options_of_its_shell()
    {
        Hook("before/10-a", "echo hello");
        Hook("before/20-b", "false\necho on", shell: " /bin/sh -e");

        Assert.Equal(new HookEnd(null, "hello\n+ echo hello\n"), await RunAsync("before/10-a", traced: true));
        Assert.Equal(new HookEnd("exit code 1", "+ false\n"), await RunAsync("before/20-b", traced: true));
    }

    [Fact]
    public async Task A_program_that_is_no_script_of_a_shell_runs_as_it_is_also_when_it_is_to_be_traced()
    {
        Hook("before/10-a", "#", shell: "/bin/echo said");
        File.Copy("/bin/true", $"{_root}{HookFolder.Place}/before/20-b");

        Assert.Equal(new HookEnd(null, $"said {_root}{HookFolder.Place}/before/10-a\n"), await RunAsync("before/10-a", traced: true));
        Assert.Equal(new HookEnd(null, ""), await RunAsync("before/20-b", traced: true));
    }

    private async Task<HookEnd> RunAsync(string name, bool duringUpdate = false, TimeSpan? limit = null, bool traced = false) =>
        await new LinuxHooks(new CommandRunner(), limit).RunAsync(new HookCall(name, _root, InOwnRoot: false, duringUpdate) { Traced = traced }, TestContext.Current.CancellationToken);

    private void Hook(string name, string script, string shell = "/bin/sh")
    {
        string file = $"{_root}{HookFolder.Place}/{name}";
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, $"#!{shell}\n{script}\n");
        File.SetUnixFileMode(file, (UnixFileMode)0b111_101_101);
    }
}
