using System.Globalization;
using System.Security;
using System.Text;

namespace Hostup.Lab.Benchmarks;

/// <summary>Small charts for the documents: no scripts, no fonts of their own, readable on light and dark pages.</summary>
public static class SvgChart
{
    private const int Width = 720;
    private const int Row = 26;
    private const int Label = 190;
    private const int Top = 48;
    private const int Figures = 170;
    private const string Measured = "#2a7ab9";
    private const string Other = "#d08a2c";
    private const string Ink = "#777";

    /// <summary>A bar for each value.</summary>
    /// <param name="title">Title.</param>
    /// <param name="bars">Label, value, and how the value is written.</param>
    public static string Bars(string title, IReadOnlyList<(string Label, double Value, string Text)> bars)
    {
        var svg = Begin(title, Top + (bars.Count * Row) + 12);
        double most = Math.Max(bars.Max(b => b.Value), double.Epsilon);
        foreach (var (bar, index) in bars.Select((b, i) => (b, i)))
        {
            int y = Top + (index * Row);
            double width = (Width - Label - Figures) * bar.Value / most;
            Text(svg, Label - 8, y + 15, bar.Label, "end");
            svg.Append(CultureInfo.InvariantCulture, $"""<rect x="{Label}" y="{y + 3}" width="{width:0.#}" height="{Row - 9}" fill="{Measured}"/>""").Append('\n');
            Text(svg, Label + width + 6, y + 15, bar.Text, "start");
        }
        return End(svg);
    }

    /// <summary>Two series over named places, both on one logarithmic axis.</summary>
    /// <param name="title">Title.</param>
    /// <param name="unit">Unit of the values.</param>
    /// <param name="points">Label, value of the first series, value of the second; null: none.</param>
    /// <param name="names">Names of the series.</param>
    public static string Lines(string title, string unit, IReadOnlyList<(string Label, double First, double? Second)> points, (string First, string Second) names)
    {
        const int height = 300;
        var svg = Begin(title, Top + height + 130);
        var all = points.SelectMany(p => new[] { p.First, p.Second ?? p.First }).Where(v => v > 0).ToList();
        var (low, high) = ((int)Math.Floor(Math.Log10(all.Min())), (int)Math.Ceiling(Math.Log10(all.Max())));
        double Y(double value) => Top + height - (height * (Math.Log10(value) - low) / Math.Max(1, high - low));
        double X(int index) => 80 + ((Width - 120.0) * index / Math.Max(1, points.Count - 1));
        for (int power = low; power <= high; power++)
        {
            double y = Y(Math.Pow(10, power));
            svg.Append(CultureInfo.InvariantCulture, $"""<line x1="70" x2="{Width - 20}" y1="{y:0.#}" y2="{y:0.#}" stroke="{Ink}" stroke-opacity="0.3"/>""").Append('\n');
            Text(svg, 64, y + 4, string.Create(CultureInfo.InvariantCulture, $"{Math.Pow(10, power):0.#####} {unit}"), "end");
        }
        Line(svg, Measured, points.Select((p, i) => (X(i), Y(p.First))), dashed: false);
        Line(svg, Other, points.Select((p, i) => (X: X(i), p.Second)).Where(p => p.Second is not null).Select(p => (p.X, Y(p.Second!.Value))), dashed: true);
        foreach (var (point, index) in points.Select((p, i) => (p, i)))
            svg.Append(CultureInfo.InvariantCulture, $"""<text transform="translate({X(index):0.#} {Top + height + 16}) rotate(35)" fill="{Ink}">{SecurityElement.Escape(point.Label)}</text>""").Append('\n');
        Text(svg, Width - 20, Top + 14, $"solid: {names.First}; dashed: {names.Second}", "end");
        return End(svg);
    }

    private static StringBuilder Begin(string title, int height)
    {
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{height}" viewBox="0 0 {Width} {height}" font-family="sans-serif" font-size="12">""").Append('\n');
        svg.Append(CultureInfo.InvariantCulture, $"""<text x="12" y="24" font-size="15" fill="{Ink}">{SecurityElement.Escape(title)}</text>""").Append('\n');
        return svg;
    }

    private static string End(StringBuilder svg) => svg.Append("</svg>\n").ToString();

    private static void Text(StringBuilder svg, double x, double y, string text, string anchor) =>
        svg.Append(CultureInfo.InvariantCulture, $"""<text x="{x:0.#}" y="{y:0.#}" text-anchor="{anchor}" fill="{Ink}">{SecurityElement.Escape(text)}</text>""").Append('\n');

    private static void Line(StringBuilder svg, string colour, IEnumerable<(double X, double Y)> points, bool dashed) =>
        svg.Append(CultureInfo.InvariantCulture, $"""<polyline fill="none" stroke="{colour}" stroke-width="2"{(dashed ? " stroke-dasharray=\"5 4\"" : "")} points="{string.Join(' ', points.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.X:0.#},{p.Y:0.#}")))}"/>""").Append('\n');
}
