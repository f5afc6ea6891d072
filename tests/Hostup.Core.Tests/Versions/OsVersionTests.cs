using Hostup.Core.Errors;
using Hostup.Core.Versions;

namespace Hostup.Core.Tests.Versions;

public sealed class OsVersionTests
{
    /// <summary>Upstream's ordered list, each entry above or equal to the one before it.</summary>
    private static readonly string?[] Ascending =
    [
        null, "Resin OS 2.0-beta.8", "Ubuntu 14.04.4 LTS", "Ubuntu 16.04.1", "foo 0.0.0 bar 0.0.0", "foobar", "1.0.0-foo", "Resin OS 1.0.0-pre",
        "v1.0.0", "Resin OS 1.0.5 (fido)", "Resin OS 1.1.0 (fido)", "Resin OS 1.1.1", "Resin OS 1.1.4", "Resin OS 1.2.1", "1.2.3-4",
        "1.2.3-a.b.c.10.d.5", "1.2.3-alpha.10.beta.0", "1.2.3-alpha.10.beta.0+build.unicorn.rainbow", "Resin OS 1.6.0", "Resin OS 1.8.0", "1.10.0",
        "Resin OS 1.16.0", "Resin OS 1.26.0", "Resin OS 2.0.0-beta.8", "Resin OS 2.0.0-beta10.rev1", "Resin OS 2.0.0-beta12.rev2",
        "Resin OS 2.0.0-rc1.rev1", "Resin OS 2.0.0-rc1.rev2", "Resin OS 2.0.0-rc4.rev1", "Resin OS 2.0.0-rc5.rev1", "Resin OS 2.0.0+asd123.dev",
        "Resin OS 2.0.0+123asd.prod", "2.0.0.rev1", "Resin OS 2.0.0.rev1 (prod)", "Resin OS 2.0.0+rev2 (prod)", "Resin OS 2.0.0+rev3 (dev)",
        "Resin OS 2.0.0+rev3", "Resin OS 2.0.0+rev3 (prod)", "Resin OS 2.0.0+rev4 (dev)", "Resin OS 2.0.0+rev4 (prod)", "Resin OS 2.0.0+rev11",
        "Resin OS 2.0.1-dev", "Resin OS 2.0.1-prod", "Resin OS 2.0.1 (dev)", "Resin OS 2.0.1", "Resin OS 2.0.1 (prod)", "Resin OS 2.0.1+rev1 (dev)",
        "Resin OS 2.0.1+rev1.dev", "Resin OS 2.0.1+prod.rev1", "Resin OS 2.0.1+rev1", "Resin OS 2.0.1+rev1 (prod)", "Resin OS 2.0.1+rev1.prod",
        "Resin OS 2.0.2+rev2", "Resin OS 2.0.4+rev1", "Resin OS 2.0.4+rev2", "Resin OS 2.0.5", "Resin OS 2.0.5+rev1", "2.0.6+rev3.dev",
        "Resin OS 2.0.6+rev3", "2.0.6+rev3.prod", "Resin OS 2.0.6+rev4", "2.0.8+rev1.dev", "Resin OS 2.0.8+rev1", "2.0.8+rev1.prod", "2.7.2-foo+bar",
        "2.7.2+asdf", "Resin OS 2.7.9+rev1", "Balena OS 2.13.0", "BalenaOS 2.13.1", "balenaOS 2.13.2", "Resin OS 2.14.0", "2.113.4", "2019.07.0", "2022.1.0", "2022.01.1",
    ];

    [Fact]
    public void Upstreams_ordered_list_sorts_to_itself()
    {
        var shuffled = (string?[])Ascending.Clone();
        new Random(7).Shuffle(shuffled);

        var sorted = shuffled.Order(OsVersion.TextOrder).ToArray();

        for (int i = 0; i < sorted.Length; i++)
            Assert.True(OsVersion.CompareText(sorted[i], Ascending[i]) == 0, $"place {i}: {sorted[i]} stands where {Ascending[i]} belongs");
    }

    [Theory]
    [InlineData("2.0.0", ">", "2.0.0-dev")]
    [InlineData("2.0.0", ">", "2.0.0+dev")]
    [InlineData("2.0.0", ">", "2.0.0.dev")]
    [InlineData("2.0.0", "<", "2.0.0+prod")]
    [InlineData("Resin OS 2.0.0 (dev)", "<", "Resin OS 2.0.0 (prod)")]
    [InlineData("Resin OS 2.0.0", ">", "Resin OS 2.0.0-prod")]
    [InlineData("Resin OS 2.0.0.dev", "=", "Resin OS 2.0.0 (dev)")]
    [InlineData("Resin OS 2.0.0.prod", "=", "Resin OS 2.0.0+prod")]
    [InlineData("18.04.1", "=", "18.4.1")]
    [InlineData("18.04.2", ">", "18.4.1")]
    [InlineData("18.04.1", "<", "18.4.2")]
    [InlineData("6.0.1_logstream", ">", "6.0.1")]
    [InlineData("6.0.1_logstream", "<", "7.0.1")]
    [InlineData("2.0.0+rev2", "<", "2.0.0+rev11")]
    [InlineData("balenaOS v2.0.2+rev2", "=", "balenaOS v2.0.2+rev02")]
    [InlineData("balenaOS v2.0.2+rev01", "<", "balenaOS v2.0.2+rev02")]
    [InlineData("balenaOS v2.0.02+rev2", ">", "balenaOS v2.0.2+rev1")]
    [InlineData("1.16.0", "=", "Resin OS v1.16.0")]
    [InlineData("Linux 14.04", "<", "Resin OS v2.0.2+rev2")]
    [InlineData("Linux 14.04", ">", "A development version")]
    [InlineData("Version A", "=", "Version A")]
    [InlineData("Resin OS 2.0.0+rev3 (dev)", ">", "Resin OS 2.0.0+rev3+prod")]
    [InlineData("2.14.6+rev2.dev", "<", "2.29.2+rev1.dev")]
    [InlineData("2.29.2-1234+rev2", "<", "2.29.2+rev1")]
    [InlineData("2.29.2-1234+rev1", "<", "2.29.2-1234+rev2")]
    [InlineData("2.13.0+rev0", "<", "2.14.0+rev1")]
    [InlineData("2.115.0", "<", "2019.07.0")]
    [InlineData("2019.07.0", "<", "2020.04.0")]
    [InlineData("1.2.3.4", "<", "0.0.1")]
    [InlineData("01.2.3", "<", "0.0.1")]
    [InlineData("", "<", "0.0.1")]
    [InlineData(null, "<", "")]
    [InlineData(null, "=", null)]
    public void Two_versions_compare_as_upstream_compares_them(string? left, string expected, string? right)
    {
        Assert.Equal(expected, Sign(OsVersion.CompareText(left, right)));
        Assert.Equal(expected switch { "<" => ">", ">" => "<", _ => "=" }, Sign(OsVersion.CompareText(right, left)));
    }

    [Theory]
    [InlineData("Resin OS 1.0.0-pre", "1.0.0-pre")]
    [InlineData("Resin OS 1.0.5 (fido)", "1.0.5+fido")]
    [InlineData("Resin OS 2.0.0-beta10.rev1", "2.0.0-beta10.rev1")]
    [InlineData("Resin OS 2.0.0-beta.8.rev1", "2.0.0-beta.8+rev1")]
    [InlineData("Resin OS 2.0.0.rev1 (prod)", "2.0.0+rev1.prod")]
    [InlineData("  Resin OS 2.0.0+rev4 (dev) ", "2.0.0+rev4.dev")]
    [InlineData("1.2.3_a.b.c (prod)", "1.2.3+a.b.c.prod")]
    [InlineData("1.2.3 (not a word)", "1.2.3")]
    [InlineData("v2022.01.0", "2022.1.0")]
    public void Every_way_of_writing_has_one_plain_form(string text, string plain) => Assert.Equal(plain, OsVersion.Parse(text).ToPlainText());

    [Theory]
    [InlineData("")]
    [InlineData("foobar")]
    [InlineData("12345")]
    [InlineData("1.2.3.4")]
    [InlineData("1.2.3.4.5")]
    [InlineData("01.2.3")]
    [InlineData("1.2.3-")]
    [InlineData("1.2.3+")]
    [InlineData("1.2.3+a..b")]
    [InlineData("2.0.0+rev3+prod")]
    [InlineData("7.0.1_logstream_test")]
    [InlineData("Software version 42.3.20170726.72bbcf8")]
    [InlineData("9007199254740993.0.0")]
    [InlineData("1.2.3+ü")]
    public void What_is_no_version_is_refused_with_its_text(string text)
    {
        var error = Assert.Throws<HostupException>(() => OsVersion.Parse(text));

        Assert.Equal(HostupErrors.BadValue, error.Code);
        Assert.Contains($"'{text}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_order_is_total_over_everything_that_can_be_written()
    {
        const int seed = 20;
        string?[] texts = [.. Ascending, .. RandomTexts(new Random(seed), 120)];

        int n = texts.Length;
        var order = new int[n, n];
        for (int a = 0; a < n; a++)
            for (int b = 0; b < n; b++)
                order[a, b] = Math.Sign(OsVersion.CompareText(texts[a], texts[b]));
        for (int a = 0; a < n; a++)
        {
            for (int b = 0; b < n; b++)
            {
                Assert.True(order[a, b] == -order[b, a], $"seed {seed}: '{texts[a]}' and '{texts[b]}' are not antisymmetric");
                for (int c = 0; c < n; c++)
                {
                    if (order[a, b] <= 0 && order[b, c] <= 0 && order[a, c] > 0)
                        Assert.Fail($"seed {seed}: '{texts[a]}' <= '{texts[b]}' <= '{texts[c]}' but not '{texts[a]}' <= '{texts[c]}'");
                }
            }
        }
    }

    [Fact]
    public void Equal_versions_have_equal_hash_codes()
    {
        var texts = RandomTexts(new Random(3), 400).Concat(Ascending).ToArray();
        var versions = texts.Select(t => OsVersion.TryParse(t, out var v) ? v : null).OfType<OsVersion>().ToArray();

        foreach (var a in versions)
            Assert.All(versions.Where(b => a == b), b => Assert.Equal(a.GetHashCode(), b.GetHashCode()));
    }

    private static IEnumerable<string> RandomTexts(Random random, int count)
    {
        string[] pieces = ["", "-dev", "-1", "-rc1.rev2", "-beta.08", "+rev1", "+rev01", "+rev2.dev", "+prod", "+PROD", "+Prod", ".dev", ".prod", "_x", " (dev)", " (a b)", ".7", "junk"];
        for (int i = 0; i < count; i++)
            yield return $"{(random.Next(4) == 0 ? "balenaOS " : "")}{random.Next(3)}.{random.Next(2)}.0{random.Next(2)}{pieces[random.Next(pieces.Length)]}";
    }

    private static string Sign(int order) => order < 0 ? "<" : order > 0 ? ">" : "=";
}
