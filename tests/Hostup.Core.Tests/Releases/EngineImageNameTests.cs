using Hostup.Core.Errors;
using Hostup.Core.Releases;

namespace Hostup.Core.Tests.Releases;

public sealed class EngineImageNameTests
{
    private const string Hex = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("supervisor", null, "supervisor", null)]
    [InlineData("balena/amd64-supervisor:v14.1.0", null, "balena/amd64-supervisor", "v14.1.0")]
    [InlineData("registry2.balena-cloud.com/v2/abc", "registry2.balena-cloud.com", "v2/abc", null)]
    [InlineData("10.0.2.2:5000/supervisor:v1", "10.0.2.2:5000", "supervisor", "v1")]
    [InlineData("localhost/x/y:z", "localhost", "x/y", "z")]
    public void A_name_has_host_repository_and_tag(string name, string? host, string repository, string? tag)
    {
        var image = EngineImageName.Parse(name + Hex);

        Assert.Equal((host, repository, tag), (image.Host, image.Repository, image.Tag));
        Assert.Equal(name, image.LocalName);
        Assert.Equal(name + Hex, image.ToString());
    }

    [Theory]
    [InlineData("balena/amd64-supervisor:v14.1.0")]
    [InlineData("balena/amd64-supervisor@sha256:abc")]
    [InlineData(Hex)]
    [InlineData("localhost/" + Hex)]
    [InlineData("a b" + Hex)]
    public void A_name_without_digest_or_repository_is_refused(string text)
    {
        Assert.Equal(HostupErrors.BadValue, Assert.Throws<HostupException>(() => EngineImageName.Parse(text)).Code);
    }
}
