using System.Text;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Supervisor;

namespace Hostup.Updates.Tests.Supervisor;

/// <summary>The image of the supervisor that the OS in the spare slot starts: a newer supervisor prunes what nobody keeps, and its unit pulls nothing.</summary>
public sealed class SupervisorImageTests
{
    private const string First = $"sim/supervisor:{SimSupervisor.First}";
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);

    [Fact]
    public async Task A_supervisor_prunes_the_image_that_nobody_keeps_and_without_its_own_it_does_not_start()
    {
        var device = await new SimDevice(Old, New).RunAsync();
        device.Ports.Images.Keep(SlotSupervisor.OldImageKeeper, "none");

        device.StartSupervisor();
        device.State.Provision(SimSupervisor.Settings, Encoding.UTF8.GetBytes($"SUPERVISOR_IMAGE={First}\nSUPERVISOR_VERSION={SimSupervisor.First}\n"));
        device.StartSupervisor();

        Assert.Equal($"the engine does not hold {First}, which the OS starts", device.Bricked);
    }

    [Fact]
    public async Task The_older_image_outlives_the_newer_supervisor_and_a_revert_starts_it()
    {
        var device = await new SimDevice(Old, New).RunAsync();

        await RevertAsync(device);

        Assert.True(device.Bricked is null, device.Bricked);
        Assert.Equal(("2.100.0", SimSupervisor.First, "database of v14.0.0"), (device.RunningRelease!.Version, device.SupervisorVersion, Database(device)));
    }

    /// <summary>The pull of the update failed, in both ways in which the older image may be kept: with the update and with the supervisor that comes later.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_older_image_outlives_a_supervisor_that_was_brought_later_and_a_revert_starts_it(bool keptByTheUpdate)
    {
        var device = new SimDevice(Old, New);
        device.Ports.PullFault = "connection refused";
        await device.RunAsync();
        device.Ports.PullFault = null;
        if (!keptByTheUpdate)
            device.Ports.Images.Keep(SlotSupervisor.OldImageKeeper, "none");
        string? said = await new SlotSupervisor(device.Device).ReconcileAsync(CancellationToken.None);

        await RevertAsync(device);

        Assert.Equal("supervisor v14.1.0 takes the place of v14.0.0", said);
        Assert.True(device.Bricked is null, device.Bricked);
        Assert.Equal((AttemptStates.Committed, "2.100.0"), (device.Outcome, device.RunningRelease!.Version));
        Assert.Equal((SimSupervisor.First, "database of v14.0.0"), (device.SupervisorVersion, Database(device)));
    }

    /// <summary>Upstream's own updater brings the newer one, not this program.</summary>
    [Fact]
    public async Task A_pull_that_failed_keeps_the_older_image_too()
    {
        var device = new SimDevice(Old, New);
        device.Ports.PullFault = "connection refused";
        await device.RunAsync();

        device.State.Provision(SimSupervisor.Settings, "SUPERVISOR_IMAGE=sim/supervisor:v14.1.0\nSUPERVISOR_VERSION=v14.1.0\n"u8.ToArray());
        device.StartSupervisor();

        Assert.True(device.Ports.Images.Keep("asks", First), "the older image is gone");
    }

    [Fact]
    public async Task A_revert_to_an_OS_whose_supervisor_image_is_gone_goes_on_with_the_present_one_and_says_so()
    {
        var device = await new SimDevice(Old, New).RunAsync();
        device.Ports.Images.Remove(First);

        await RevertAsync(device);

        Assert.True(device.Bricked is null, device.Bricked);
        Assert.Equal((AttemptStates.Committed, "2.100.0"), (device.Outcome, device.RunningRelease!.Version));
        Assert.Equal(("v14.1.0", "database of v14.1.0"), (device.SupervisorVersion, Database(device)));
        Assert.Contains(device.Ports.Notes, n => n.Contains($"the engine does not hold {First}", StringComparison.Ordinal));
    }

    private static Task<SimDevice> RevertAsync(SimDevice device)
    {
        device.Target = device.Target with { AttemptId = "fedcba9876543210fedcba9876543210", Revert = true };
        return device.CutAtRestAsync();
    }

    private static string Database(SimDevice device) => Encoding.UTF8.GetString(device.Data.Read(SimSupervisor.Database)!);
}
