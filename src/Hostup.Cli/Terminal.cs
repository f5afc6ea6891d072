using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Hostup.Core.Wire;

namespace Hostup.Cli;

/// <summary>Where a command reads and prints: data to the output; text for people too, or to the error output when data is asked for.</summary>
internal sealed class Terminal(TextReader input, TextWriter output, TextWriter error)
{
    /// <summary>Width that everything fits.</summary>
    public const int Columns = 80;

    private static readonly WireJson Indented = new(new JsonSerializerOptions(WireJson.Default.Options) { WriteIndented = true });

    public TextReader Input => input;

    public TextWriter Output => output;

    public TextWriter Error => error;

    /// <summary>Whether somebody sits there who can answer a question; a script does not.</summary>
    public bool IsInteractive { get; init; }

    /// <summary>Asks a question that is answered with yes or no; no answer is no.</summary>
    public async Task<bool> AskAsync(string question, CancellationToken ct)
    {
        await error.WriteAsync($"{question} [y/N] ");
        // a terminal goes on reading when it is interrupted: it is not waited for
        return (await input.ReadLineAsync(ct).AsTask().WaitAsync(ct))?.Trim().ToUpperInvariant() is "Y" or "YES";
    }

    /// <summary>Prints data as JSON, or for people.</summary>
    public void Print<T>(T value, bool json, Action<TextWriter, T> forPeople)
    {
        if (json)
            output.WriteLine(JsonSerializer.Serialize(value, (JsonTypeInfo<T>)Indented.GetTypeInfo(typeof(T))!));
        else
            forPeople(output, value);
    }

    /// <summary>Prints a named text, broken at blanks so that it fits 80 columns; its lines stand below each other.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="name">Its name.</param>
    /// <param name="text">The text.</param>
    /// <param name="column">Where the text begins.</param>
    public static void Field(TextWriter writer, string name, string text, int column)
    {
        string line = name.PadRight(column);
        bool empty = true;
        foreach (string word in text.Split(' ', '\n'))
        {
            if (!empty && line.Length + 1 + word.Length > Columns)
            {
                writer.WriteLine(line);
                (line, empty) = (new string(' ', column), true);
            }
            line += empty ? word : " " + word;
            empty = false;
        }
        writer.WriteLine(line);
    }

    /// <summary>Prints rows under a heading, each column as wide as its longest entry; the last one is not padded.</summary>
    public static void Table(TextWriter writer, IReadOnlyList<string> heading, IEnumerable<IReadOnlyList<string>> rows)
    {
        IReadOnlyList<string>[] all = [heading, .. rows.Select(r => (IReadOnlyList<string>)[.. r.Select(Plain)])];
        var widths = heading.Select((_, column) => all.Max(row => row[column].Length)).ToArray();
        foreach (var row in all)
            writer.WriteLine(string.Join("  ", row.Select((cell, column) => column == row.Count - 1 ? cell : cell.PadRight(widths[column]))).TrimEnd());
    }

    /// <summary>Devices and people said it: what would steer a terminal is shown, not done.</summary>
    private static string Plain(string cell) => cell.Any(char.IsControl) ? string.Concat(cell.Select(c => char.IsControl(c) ? '?' : c)) : cell;
}
