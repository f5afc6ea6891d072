using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text;

namespace Hostup.Cli.Tests;

public sealed class HelpTests
{
    [Fact]
    public async Task Help_of_every_command_is_what_was_reviewed()
    {
        var text = new StringBuilder();
        foreach (string[] command in Commands())
            text.Append("$ hostup ").AppendJoin(' ', command).Append(" --help\n").Append((await CommandRun.OfAsync([.. command, "--help"])).Output.Replace("\r", "", StringComparison.Ordinal));
        // the test runner's own name stands where the program's does
        string actual = text.ToString().Replace(RootCommand.ExecutableName, "hostup", StringComparison.Ordinal);

        string file = Path.Combine(Folder(), "Help.verified.txt");
        string received = Path.ChangeExtension(file, ".received.txt");
        if (!File.Exists(file) || await File.ReadAllTextAsync(file) != actual)
        {
            await File.WriteAllTextAsync(received, actual);
            Assert.Fail($"help differs from {file}; look at {received} and rename it when it is right");
        }
    }

    [Fact]
    public async Task Every_command_has_an_example_and_fits_80_columns()
    {
        foreach (string[] command in Commands())
        {
            string help = (await CommandRun.OfAsync([.. command, "--help"])).Output.Replace(RootCommand.ExecutableName, "hostup", StringComparison.Ordinal);
            Assert.All(help.Split('\n'), line => Assert.True(line.TrimEnd().Length <= 80, $"{string.Join(' ', command)}: {line}"));
            Assert.Contains($"Example:\n  hostup {string.Join(' ', command)}", help.Replace("\r", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_command_that_prints_data_has_json()
    {
        string[] printsText = ["login", "version compare", "version sort", "key new", "key rotate", "trust make", "trust sign", "release sign", "updater sign", "device reset-key", "device rotate-key", "device retire", "device logs", "fleet remove", "completion bash", "completion zsh", "provisioning-key revoke", "operator-key revoke", "user end", "target clear", "update log", "update bundle", "delta apply"];

        foreach (string[] command in Commands().Where(c => Find(c).Subcommands.Count == 0 && !printsText.Contains(string.Join(' ', c))))
            Assert.True(Find(command).Options.Any(o => o.Name == "--json"), string.Join(' ', command));
    }

    [Fact]
    public void Every_command_is_in_its_document()
    {
        var named = new HashSet<string>();
        foreach (string line in File.ReadLines(Path.Combine(Folder(), "../../docs/cli.md")))
        {
            // `hostup device list`, `show DEVICE`: the noun holds for the rest of its line
            string noun = "";
            foreach (string[] words in line.Split('`').Where((_, index) => index % 2 == 1).Select(code => code.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
            {
                if (words is ["hostup", var first, ..])
                    named.UnionWith([noun = first, string.Join(' ', words.Skip(1).Take(2))]);
                else if (words is [var verb, ..])
                    named.Add($"{noun} {verb}");
            }
        }

        Assert.Empty(Commands().Where(c => Find(c).Subcommands.Count == 0).Select(c => string.Join(' ', c)).Except(named));
    }

    [Fact]
    public void Every_exit_code_is_in_the_document()
    {
        string document = File.ReadAllText(Path.Combine(Folder(), "../../docs/cli.md"));

        Assert.All(typeof(ExitCodes).GetFields().Where(f => f.IsLiteral), code => Assert.Contains($"\n| {code.GetRawConstantValue()} | ", document, StringComparison.Ordinal));
    }

    private static Command Find(string[] path) => path.Aggregate((Command)Root(), (command, name) => command.Subcommands.Single(c => c.Name == name));

    private static IEnumerable<string[]> Commands() => Below(Root(), []);

    private static IEnumerable<string[]> Below(Command command, string[] path) =>
        command.Subcommands.SelectMany(c => Below(c, [.. path, c.Name])).Prepend(path);

    private static RootCommand Root() => HostupCommand.Build(new Terminal(TextReader.Null, TextWriter.Null, TextWriter.Null));

    private static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
