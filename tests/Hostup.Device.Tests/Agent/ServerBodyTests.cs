using Hostup.Core.Errors;
using Hostup.Device.Agent;
using Hostup.Lab.Networks;

namespace Hostup.Device.Tests.Agent;

public sealed class ServerBodyTests
{
    [Fact]
    public async Task A_byte_that_comes_as_the_time_is_over_is_taken_and_the_link_that_was_given_up_is_broken()
    {
        await using var given = new GivenUpStream();
        var body = new ServerBody(given, "fetch it", TimeSpan.FromMilliseconds(1));

        Assert.Equal(1, await body.ReadAsync(new byte[2], default));
        var broken = await Assert.ThrowsAsync<HostupException>(() => body.ReadAsync(new byte[2], default).AsTask());

        Assert.Equal(HostupErrors.Link, broken.Code);
        Assert.Contains("1 bytes came", broken.Message, StringComparison.Ordinal);
    }
}
