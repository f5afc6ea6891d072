using System.CommandLine;
using Hostup.Core.Versions;

namespace Hostup.Cli.Versions;

/// <summary>hostup version: the one order of OS versions, without a server.</summary>
internal static class VersionCommands
{
    public static Command Build(Terminal terminal) => new("version", "Order OS versions.") { Compare(terminal), Sort(terminal) };

    private static ExampleCommand Compare(Terminal terminal)
    {
        var left = new Argument<string>("A") { Description = "A version" };
        var right = new Argument<string>("B") { Description = "Another version" };
        var command = new ExampleCommand("compare", "Print <, = or >: how A stands to B. What is no version is below every version.", "hostup version compare 2.98.33+rev1 2.98.33+rev11") { left, right };
        command.SetAction(parsed =>
        {
            int order = OsVersion.CompareText(parsed.GetValue(left), parsed.GetValue(right));
            terminal.Output.WriteLine(order < 0 ? "<" : order > 0 ? ">" : "=");
        });
        return command;
    }

    private static ExampleCommand Sort(Terminal terminal)
    {
        var versions = new Argument<string[]>("VERSION") { Description = "Versions; none: one per line of the input", Arity = ArgumentArity.ZeroOrMore };
        var command = new ExampleCommand("sort", "Print versions oldest first, one per line.", "hostup version sort 2.0.0+rev2 2.0.0+rev11 2.0.0") { versions };
        command.SetAction(parsed =>
        {
            IEnumerable<string> texts = parsed.GetValue(versions) is { Length: > 0 } given ? given : Lines(terminal.Input);
            foreach (string text in texts.Order(OsVersion.TextOrder))
                terminal.Output.WriteLine(text);
        });
        return command;
    }

    private static IEnumerable<string> Lines(TextReader reader)
    {
        while (reader.ReadLine() is { } line)
            yield return line;
    }
}
