using Hostup.Lab.Programs;

namespace Hostup.Cli.Tests;

/// <summary>Shells complete command lines by asking the program.</summary>
public sealed class CompletionTests
{
    [Theory]
    [InlineData("upd", "update")]
    [InlineData("update st", "start")]
    [InlineData("update ", "cancel")]
    [InlineData("update start demo --rei", "--reinstall")]
    [InlineData("policy set --metered ", "wait")]
    [InlineData("", "device")]
    public async Task The_program_says_what_may_come_at_the_end_of_a_line(string line, string expected)
    {
        var run = await CommandRun.OfAsync($"[suggest:{line.Length}]", line);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains(expected, run.Output.Split('\n', StringSplitOptions.TrimEntries));
    }

    [Theory]
    [InlineData("hostup update st", 2, "start")]
    [InlineData("hostup dev", 1, "device")]
    public async Task Bash_asks_the_program_and_keeps_what_fits(string line, int word, string expected)
    {
        string file = await ScriptAsync("bash");
        const string asked = """
            source "$1"
            hostup() { [[ $1 == "[suggest:${#2}]" ]] && printf '%s\n' start list device --json; }
            COMP_LINE=$2 COMP_POINT=${#2} COMP_CWORD=$3
            read -r -a COMP_WORDS <<< "$2"
            _hostup hostup
            printf '%s\n' "${COMPREPLY[@]}"
            """;

        string found = await new Tool("bash").RunAsync(["-c", asked, "bash", file, line, $"{word}"], CancellationToken.None);

        Assert.Equal(expected, found.Trim());
    }

    [Fact]
    public async Task Zsh_reads_its_script()
    {
        if (new Tool("zsh").Path is null)
            Assert.Skip("needs zsh");

        await new Tool("zsh").RunAsync(["-n", await ScriptAsync("zsh")], CancellationToken.None);
    }

    private static async Task<string> ScriptAsync(string shell)
    {
        var run = await CommandRun.OfAsync("completion", shell);
        Assert.Equal(0, run.ExitCode);
        string file = Path.Combine(Directory.CreateTempSubdirectory("hostup-completion-").FullName, "script");
        await File.WriteAllTextAsync(file, run.Output);
        return file;
    }
}
