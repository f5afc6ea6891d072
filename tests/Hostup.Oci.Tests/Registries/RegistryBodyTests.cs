using Hostup.Core.Errors;
using Hostup.Lab.Networks;
using Hostup.Oci.Registries;

namespace Hostup.Oci.Tests.Registries;

public sealed class RegistryBodyTests
{
    [Fact]
    public async Task A_byte_that_comes_as_the_time_is_over_is_taken_and_the_link_that_was_given_up_is_broken()
    {
        var counter = new TransferCounter();
        using var answer = new HttpResponseMessage();
        await using var body = new RegistryBody(answer, new GivenUpStream(), 2, "fetch it", counter, new RegistryLimits(TimeSpan.FromMinutes(1), TimeSpan.FromMilliseconds(1)));

        Assert.Equal(1, await body.ReadAsync(new byte[2]));
        var broken = await Assert.ThrowsAsync<HostupException>(() => body.ReadAsync(new byte[2]).AsTask());

        Assert.Equal(HostupErrors.Link, broken.Code);
        Assert.Equal(1, counter.ReceivedBytes);
    }
}
