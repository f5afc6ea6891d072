using Hostup.Linux.Engine;
using Hostup.Linux.Health;
using Hostup.Linux.Processes;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Tests.Health;

public sealed class LinuxHealthChecksTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("hostup-health-").FullName;
    private readonly DockerEngine _engine;

    public LinuxHealthChecksTests() => _engine = new DockerEngine(Path.Combine(_root, "none.sock"));

    public void Dispose()
    {
        _engine.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task A_bare_OS_is_asked_for_its_engine_alone()
    {
        var results = await RunAsync();

        Assert.Equal(("engine", true, false), Short(Assert.Single(results)));
    }

    [Theory]
    [InlineData(0, true, "its unit is active")]
    [InlineData(3, false, "unit openvpn.service is not active")]
    public async Task A_VPN_counts_when_it_was_up_before(int exitCode, bool up, string saw)
    {
        Tool("usr/bin/systemctl", $"exit {exitCode}");
        Tool("usr/lib/systemd/system/openvpn.service", "");

        var vpn = (await RunAsync()).Single(r => r.Name == "vpn");

        Assert.Equal(("vpn", true, up), Short(vpn));
        Assert.True(vpn.OnlyIfBefore);
        Assert.Equal(saw, vpn.Saw);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("Connection refused (hostup.example.com:443)", false)]
    public async Task The_server_counts_when_it_answered_before(string? fault, bool reached)
    {
        var server = (await RunAsync(new Server(fault))).Single(r => r.Name == "server");

        Assert.Equal(("server", true, reached), Short(server));
        Assert.True(server.OnlyIfBefore);
        Assert.Equal(fault ?? "answers", server.Saw);
    }

    [Fact]
    public async Task The_board_s_check_and_those_of_the_OS_builder_say_why_with_their_last_line()
    {
        Tool("usr/bin/rollback-board-healthcheck", "echo looking; echo 'modem: no carrier' >&2; exit 4");
        Tool("etc/hostup/health.d/required/clock", "exit 0");
        Tool("etc/hostup/health.d/wanted/disk", "echo one; echo 'sda wears out'; exit 1");

        var results = (await RunAsync()).Skip(1).ToList();

        Assert.Equal([("board", true, false), ("clock", true, true), ("disk", false, false)], results.Select(Short));
        Assert.Equal(["exit code 4: modem: no carrier", "passes", "exit code 1: sda wears out"], results.Select(r => r.Saw));
        Assert.All(results, r => Assert.False(r.OnlyIfBefore));
    }

    [Fact]
    public async Task A_check_that_cannot_be_run_fails()
    {
        Tool("etc/hostup/health.d/required/modem", "exit 0");
        File.SetUnixFileMode(Path.Combine(_root, "etc/hostup/health.d/required/modem"), UnixFileMode.UserRead);

        var modem = (await RunAsync()).Single(r => r.Name == "modem");

        Assert.False(modem.Passed);
        Assert.Contains("ermission", modem.Saw, StringComparison.Ordinal);
    }

    private ValueTask<IReadOnlyList<HealthResult>> RunAsync(IServerReach? server = null) =>
        new LinuxHealthChecks(_engine, new NoSupervisor(), new CommandRunner(_root), server, _root).RunAsync(TestContext.Current.CancellationToken);

    private static (string, bool, bool) Short(HealthResult result) => (result.Name, result.Required, result.Passed);

    private void Tool(string path, string script)
    {
        string file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(file, (UnixFileMode)0b111_101_101);
    }

    private sealed class Server(string? fault) : IServerReach
    {
        public ValueTask<string?> FaultAsync(CancellationToken ct) => ValueTask.FromResult(fault);
    }

    private sealed class NoSupervisor : ISupervisor
    {
        public bool IsInstalled => false;

        public ValueTask<bool> IsRunningAsync(CancellationToken ct) => throw new InvalidOperationException("bug: there is none");

        public ValueTask StopAsync(CancellationToken ct) => throw new InvalidOperationException("bug: there is none");

        public ValueTask StartAsync(CancellationToken ct) => throw new InvalidOperationException("bug: there is none");

        public ValueTask ResumeUpdatesAsync(CancellationToken ct) => throw new InvalidOperationException("bug: there is none");
    }
}
