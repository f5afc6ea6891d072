using System.Text;
using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;

namespace Hostup.Core.Tests.Releases;

public sealed class ReleaseManifestTests
{
    private static readonly string Smallest = """
        {"version":"1.2.3","deviceType":"genericx86-64","sequence":1,"signedAt":"2026-01-01T00:00:00Z","treeDigest":"DIGEST",
         "image":{"digest":"DIGEST","repository":"hostos/x","downloadBytes":1},"root":{"contentBytes":1,"spaceBytes":1,"entries":1}}
        """.Replace("DIGEST", Digest.Of("x"u8).ToString(), StringComparison.Ordinal);

    [Fact]
    public void A_manifest_with_only_its_required_fields_has_the_documented_defaults()
    {
        var manifest = ReleaseManifest.Parse(Encoding.UTF8.GetBytes(Smallest));

        Assert.Empty(manifest.Requires);
        Assert.Empty(manifest.BootFiles);
        Assert.Equal("0.0.0", manifest.UpdaterMinimum);
        Assert.Equal((60, 15), (manifest.Health.IntervalSeconds, manifest.Health.Count));
        Assert.Contains("extent", manifest.Root.Ext4Features);
        Assert.Null(manifest.KeptBack);
    }

    [Fact]
    public void A_manifest_that_requires_what_we_do_not_know_is_refused() =>
        Assert.Equal(HostupErrors.Requires, Assert.Throws<HostupException>(() => ReleaseManifest.Parse(Encoding.UTF8.GetBytes(Smallest.Replace("{\"version\"", "{\"requires\":[\"warp\"],\"version\"", StringComparison.Ordinal)))).Code);

    [Fact]
    public void Messages_with_only_their_required_fields_have_no_null_lists()
    {
        var report = JsonSerializer.Deserialize("""{"serial":1,"state":"checking"}""", WireJson.Default.AttemptReport)!;
        var state = JsonSerializer.Deserialize("""{"osVersion":"1","agentVersion":"1","runningSlot":"resin-rootA"}""", WireJson.Default.DeviceStateReport)!;

        Assert.Empty(report.Steps);
        Assert.Empty(report.Bytes);
        Assert.Empty(state.Slots);
        Assert.Equal("", state.Kernel);
    }
}
