using Hostup.Core.Errors;
using Hostup.Core.Releases;

namespace Hostup.Core.Tests.Releases;

public sealed class ReleaseFreshnessTests
{
    private static readonly DateTimeOffset End = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Before = End.AddDays(-1);

    public static TheoryData<DateTimeOffset, bool, DateTimeOffset, bool> Cases => new()
    {
        { Before, true, Before, true },
        { End, true, Before, false },
        { End.AddYears(1), true, Before, false },
        // nobody has set this clock: it proves nothing
        { End.AddYears(1), false, Before, true },
        { DateTimeOffset.UnixEpoch, false, Before, true },
        // but a signed document from after the end does
        { DateTimeOffset.UnixEpoch, false, End, false },
        { Before, true, End.AddSeconds(1), false },
    };

    [Theory, MemberData(nameof(Cases))]
    public void A_release_expires_when_a_set_clock_or_a_signed_document_proves_it(DateTimeOffset now, bool synchronised, DateTimeOffset floor, bool good)
    {
        var time = new ReleaseFreshness(now, synchronised, floor);
        var release = Release with { Expires = End };

        var refusal = Record.Exception(() => time.Require(release));

        Assert.Equal(good ? null : HostupErrors.Expired, (refusal as HostupException)?.Code);
    }

    [Fact]
    public void A_release_without_an_end_never_expires() =>
        Assert.Null(Record.Exception(() => new ReleaseFreshness(DateTimeOffset.MaxValue, true, DateTimeOffset.MaxValue).Require(Release)));

    [Theory]
    [InlineData("\"sequence\": 1", "\"sequence\": -1")]
    [InlineData("\"spaceBytes\": 100000", "\"spaceBytes\": -5")]
    [InlineData("\"entries\": 7", "\"entries\": -1")]
    [InlineData("\"size\": 600", "\"size\": -600")]
    [InlineData("\"path\": \"config.txt\"", "\"path\": \"../../mnt/state/x\"")]
    [InlineData("\"path\": \"config.txt\"", "\"path\": \"/etc/passwd\"")]
    [InlineData("\"path\": \"config.txt\"", "\"path\": \"a//b\"")]
    [InlineData("\"intervalSeconds\": 10", "\"intervalSeconds\": 2000000000")]
    [InlineData("\"count\": 3", "\"count\": -3")]
    [InlineData("\"has_journal\"", "\"has_journal -E x\"")]
    [InlineData("\"requires\": []", "\"requires\": [null]")]
    [InlineData("\"label\": \"\"", "\"label\": \"longer-than-sixteen\"")]
    [InlineData("\"hostos/sim-device\"", "\"../../device/v1/poll\"")]
    [InlineData("\"hostos/sim-device\"", "\"hostos//x\"")]
    [InlineData("\"hostos/sim-device\"", "\"hostos/x?y\"")]
    [InlineData("\"hostos/sim-device\"", "\"hostos/%2e%2e\"")]
    [InlineData("\"hostos/sim-device\"", "\"Hostos/x\"")]
    [InlineData("\"hostos/sim-device\"", "\"\"")]
    public void A_manifest_that_lies_about_sizes_or_leads_elsewhere_cannot_be_read(string good, string bad)
    {
        string json = System.Text.Encoding.UTF8.GetString(Release.ToJson());
        Assert.Contains(good, json, StringComparison.Ordinal);

        string lying = json.Replace(good, bad, StringComparison.Ordinal);

        Assert.Equal(HostupErrors.BadImage, Assert.Throws<HostupException>(() => ReleaseManifest.Read(System.Text.Encoding.UTF8.GetBytes(lying))).Code);
        Assert.NotNull(ReleaseManifest.Read(System.Text.Encoding.UTF8.GetBytes(json)));
    }

    [Fact]
    public void A_manifest_of_the_largest_size_is_read_and_one_byte_more_is_refused_by_its_size()
    {
        int rest = ReleaseManifest.MaxBytes - Release.ToJson().Length;
        var largest = Release with { BuildId = new string('x', rest) };

        var refused = Assert.Throws<HostupException>(() => ReleaseManifest.Read((largest with { BuildId = largest.BuildId + "x" }).ToJson()));

        Assert.Equal(largest.BuildId, ReleaseManifest.Read(largest.ToJson()).BuildId);
        Assert.Equal(HostupErrors.BadImage, refused.Code);
        Assert.Contains($"{ReleaseManifest.MaxBytes + 1} bytes", refused.Why, StringComparison.Ordinal);
    }

    private static readonly ReleaseManifest Release = new()
    {
        Version = "2.1.0",
        DeviceType = "sim-device",
        Sequence = 1,
        SignedAt = DateTimeOffset.UnixEpoch,
        Image = new ReleaseImage { Digest = Digest.Of("image"u8), Repository = "hostos/sim-device", DownloadBytes = 1 },
        TreeDigest = Digest.Of("tree"u8),
        Root = new RootFileSystem { ContentBytes = 1, SpaceBytes = 100_000, Entries = 7 },
        BootFiles = [new BootFile("config.txt", 600, Digest.Of("file"u8))],
        Health = new HealthSettings { IntervalSeconds = 10, Count = 3 },
    };
}
