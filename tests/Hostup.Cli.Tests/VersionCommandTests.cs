namespace Hostup.Cli.Tests;

public sealed class VersionCommandTests
{
    [Theory]
    [InlineData("2.0.0+rev2", "<", "2.0.0+rev11")]
    [InlineData("Resin OS 2.0.0.prod", "=", "2.0.0+prod")]
    [InlineData("2.0.0", ">", "nonsense")]
    [InlineData("", "=", "")]
    [InlineData("1.2.3.4", "<", "0.0.1")]
    public async Task Compare_prints_one_sign_and_never_fails(string left, string sign, string right) =>
        Assert.Equal(new CommandRun(0, sign + Environment.NewLine, ""), await CommandRun.OfAsync("version", "compare", left, right));

    [Fact]
    public async Task Sort_orders_arguments_or_lines()
    {
        string[] expected = ["junk", "1.0.0", "2.0.0-dev", "2.0.0", "2.0.0+rev2", "2.0.0+rev11"];

        var fromArguments = await CommandRun.OfAsync(["version", "sort", .. expected.Reverse()]);
        var fromInput = await CommandRun.WithInputAsync(string.Join('\n', expected.Reverse()) + "\n", "version", "sort");

        Assert.Equal(expected, fromArguments.Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(fromArguments, fromInput);
    }

    [Fact]
    public async Task Sort_loses_no_line_of_its_input() =>
        Assert.Equal(string.Join(Environment.NewLine, ["", "", "junk", "1.0.0", "2.0.0", ""]), (await CommandRun.WithInputAsync("2.0.0\n\njunk\n\n1.0.0\n", "version", "sort")).Output);

    [Theory]
    [InlineData("version", "compare", "1.0.0")]
    [InlineData("version", "frobnicate")]
    [InlineData("no-such-noun")]
    [InlineData("update")]
    [InlineData("key", "new", "--role", "king", "--out", "x")]
    public async Task A_command_line_that_cannot_be_understood_ends_with_2(params string[] args)
    {
        var run = await CommandRun.OfAsync(args);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("hostup: ", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }
}
