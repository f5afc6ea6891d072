using System.Runtime.CompilerServices;

namespace Hostup.Server.Tests.Deploy;

/// <summary>What deploy/server starts is what the server understands.</summary>
public sealed class DeployTests
{
    [Fact]
    public void The_unit_starts_the_server_with_arguments_that_it_knows()
    {
        string command = Read("hostup-server.service").Split('\n').Single(l => l.StartsWith("ExecStart=", StringComparison.Ordinal));

        var options = ServerArguments.Parse([.. command.Split(' ').Skip(1).Where(a => a != "$HOSTUP_SERVER_OPTIONS")])!;

        Assert.Equal(("/var/lib/hostup", "http://127.0.0.1:5080"), (options.DataDirectory, options.Urls));
    }

    [Theory]
    [InlineData("NoNewPrivileges=yes")]
    [InlineData("ProtectSystem=strict")]
    [InlineData("CapabilityBoundingSet=")]
    [InlineData("User=hostup")]
    [InlineData("Restart=always")]
    public void The_unit_gives_the_server_no_more_than_it_needs(string line) => Assert.Contains(line, Read("hostup-server.service").Split('\n'));

    [Fact]
    public void The_container_runs_as_a_user_without_rights_with_arguments_that_the_server_knows()
    {
        string[] lines = Read("Containerfile").Split('\n');

        string entry = lines.Single(l => l.StartsWith("ENTRYPOINT ", StringComparison.Ordinal)), more = lines.Single(l => l.StartsWith("CMD ", StringComparison.Ordinal));
        var options = ServerArguments.Parse([.. Words(entry).Skip(1), .. Words(more)])!;

        Assert.Equal("/var/lib/hostup", options.DataDirectory);
        Assert.Contains("USER 10001:10001", lines);
    }

    private static string[] Words(string line) => System.Text.Json.JsonSerializer.Deserialize<string[]>(line[line.IndexOf('[', StringComparison.Ordinal)..])!;

    private static string Read(string name, [CallerFilePath] string file = "") =>
        File.ReadAllText(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "..", "deploy", "server", name)).ReplaceLineEndings("\n");
}
