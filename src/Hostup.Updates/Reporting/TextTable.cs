using System.Text;

namespace Hostup.Updates.Reporting;

/// <summary>Rows of short words and one long text, for a terminal of 80 columns: the text is wrapped under its own column.</summary>
internal sealed class TextTable(params int[] widths)
{
    private const int Columns = 80;
    private readonly StringBuilder _text = new();

    /// <summary>Adds a row; the last cell is the long one.</summary>
    public TextTable Row(params string[] cells)
    {
        for (int i = 0; i < widths.Length; i++)
            _text.Append(cells[i].PadRight(widths[i]));
        int indent = widths.Sum();
        int column = indent;
        foreach (string word in cells[^1].Split(' '))
        {
            if (column > indent && column + 1 + word.Length > Columns)
            {
                _text.Append('\n').Append(' ', indent);
                column = indent;
            }
            else if (column > indent)
            {
                _text.Append(' ');
                column++;
            }
            _text.Append(word);
            column += word.Length;
        }
        _text.Append('\n');
        return this;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join('\n', _text.ToString().Split('\n').Select(l => l.TrimEnd()));
}
