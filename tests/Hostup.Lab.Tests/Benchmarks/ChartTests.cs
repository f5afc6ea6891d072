using System.Text;
using System.Xml.Linq;
using Hostup.Core.Errors;
using Hostup.Lab.Benchmarks;

namespace Hostup.Lab.Tests.Benchmarks;

public sealed class ChartTests
{
    [Fact]
    public void The_bytes_of_a_demo_are_bars_as_long_as_their_causes_are_large()
    {
        var chart = XDocument.Parse(BytesChart.Draw(Encoding.UTF8.GetBytes("""
            {"from":"2.98.32","to":"2.98.33 <new>","bytes":{"registry":{"received":3000,"sent":1000},"unexplained":{"received":1500,"sent":500}}}
            """)));

        var bars = chart.Descendants().Where(e => e.Name.LocalName == "rect").Select(e => (double)e.Attribute("width")!).ToList();
        Assert.Equal(2, bars.Count);
        Assert.Equal(2, bars[0] / bars[1], 2);
        string text = string.Join(' ', chart.Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value));
        Assert.Contains("2.98.33 <new>", text, StringComparison.Ordinal);
        Assert.Contains("2.9 KiB in, 1000 B out", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_series_are_lines_on_one_logarithmic_axis()
    {
        var chart = XDocument.Parse(SvgChart.Lines("Time", "s", [("slow", 100, 100), ("fast", 1, 0.1), ("unlimited", 0.5, null)], ("measured", "alone")));

        var lines = chart.Descendants().Where(e => e.Name.LocalName == "polyline").Select(e => ((string)e.Attribute("points")!).Split(' ').Select(p => double.Parse(p.Split(',')[1], System.Globalization.CultureInfo.InvariantCulture)).ToList()).ToList();
        Assert.Equal(3, lines[0].Count);
        Assert.Equal(2, lines[1].Count);
        Assert.Equal(lines[0][0], lines[1][0]);
        // a tenth is one decade further down, two decades are twice as far
        Assert.Equal((lines[0][1] - lines[0][0]) / 2, lines[1][1] - lines[0][1], 1);
    }

    [Fact]
    public void What_is_no_report_is_refused() =>
        Assert.Equal(HostupErrors.BadValue, Assert.Throws<HostupException>(() => BytesChart.Draw("{}"u8.ToArray())).Code);
}
