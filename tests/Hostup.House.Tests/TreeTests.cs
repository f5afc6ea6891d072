using System.Text.RegularExpressions;

namespace Hostup.House.Tests;

public sealed partial class TreeTests
{
    /// <summary>Hosts that a file may name: loopback, any address, the virtual device's network, names kept for examples, placeholders, where the licence stands, and the name of the language of charts.</summary>
    private static readonly string[] Hosts = ["127.0.0.1", "0.0.0.0", "10.0.2.2", "example", "example.com", "engine", "host", "www.apache.org", "www.w3.org"];

    [Theory]
    [InlineData("demo")]
    [InlineData("hostup")]
    [InlineData("hostup-lab")]
    [InlineData("test")]
    [InlineData(".ci/run")]
    [InlineData("deploy/dev/launch")]
    public void A_launcher_can_be_run(string path) => Assert.True(CanRun(path), $"{path} has no run bit");

    [Fact]
    public void Every_script_can_be_run_and_nothing_else_can() =>
        Repository.None(Repository.Texts.Where(f => f.Text.StartsWith("#!", StringComparison.Ordinal) != CanRun(f.Path)).Select(f => f.Path));

    [Fact]
    public void No_file_names_a_place_on_the_machine_of_its_author() =>
        Repository.None(from file in Repository.Texts
                        where !file.Path.StartsWith("tests/Hostup.House.Tests/", StringComparison.Ordinal)
                        from Match found in MachinePath().Matches(file.Text)
                        select $"{file.Path} names {found.Value}");

    [Fact]
    public void No_file_names_a_host_that_is_not_everywhere_the_same() =>
        Repository.None(from file in Repository.Texts
                        where !file.Path.StartsWith("tests/Hostup.House.Tests/", StringComparison.Ordinal)
                        from Match found in Url().Matches(file.Text)
                        let host = found.Groups[1].Value
                        where !Hosts.Any(h => host == h || host.EndsWith("." + h, StringComparison.Ordinal))
                        select $"{file.Path} names {found.Value}");

    private static bool CanRun(string path) => !OperatingSystem.IsWindows() && (File.GetUnixFileMode(Path.Combine(Repository.Root, path)) & UnixFileMode.UserExecute) != 0;

    [GeneratedRegex(@"(?<![\w/}.$-])(/[w]ork/|/home/\w|/Users/\w|/root/\.|/workspace/)[\w./-]*|\b[A-Z]:\\\w+")]
    private static partial Regex MachinePath();

    // A host that is put together at run time begins with a brace and is none.
    [GeneratedRegex(@"https?://([A-Za-z0-9][\w.-]*)")]
    private static partial Regex Url();
}
