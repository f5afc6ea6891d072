using Hostup.Lab.Devices;

namespace Hostup.Lab.Tests.Devices;

public sealed class ProcessIdentityTests
{
    [Fact]
    public void This_process_runs_and_one_with_another_start_time_does_not()
    {
        var self = ProcessIdentity.Of(Environment.ProcessId)!;

        Assert.True(self.IsRunning);
        Assert.False((self with { StartTicks = self.StartTicks + 1 }).IsRunning);
    }
}
