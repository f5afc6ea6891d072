using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Hostup.Core.Wire;

namespace Hostup.Cli;

/// <summary>Where a command reads and prints: data to the output; text for people too, or to the error output when data is asked for.</summary>
internal sealed class Terminal(TextReader input, TextWriter output, TextWriter error)
{
    private static readonly WireJson Indented = new(new JsonSerializerOptions(WireJson.Default.Options) { WriteIndented = true });

    public TextReader Input => input;

    public TextWriter Output => output;

    public TextWriter Error => error;

    /// <summary>Prints data as JSON, or for people.</summary>
    public void Print<T>(T value, bool json, Action<TextWriter, T> forPeople)
    {
        if (json)
            output.WriteLine(JsonSerializer.Serialize(value, (JsonTypeInfo<T>)Indented.GetTypeInfo(typeof(T))!));
        else
            forPeople(output, value);
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
