using Hostup.Core.Releases;

namespace Hostup.Core.Tests.Releases;

public sealed class RootLabelTests
{
    [Theory]
    [InlineData("", "resin-rootB")]
    [InlineData("vendor-os", "vendor-os")]
    [InlineData("resin-rootA", "resin-rootB")]
    [InlineData("flash-rootA", "resin-rootB")]
    [InlineData("resin-rootC", "resin-rootC")]
    public void A_label_that_names_a_slot_is_not_put_on_one(string label, string on) =>
        Assert.Equal(on, new RootFileSystem { ContentBytes = 1, SpaceBytes = 1, Entries = 1, Label = label }.LabelOn("resin-rootB"));
}
