using System.Text;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;
using Hostup.Updates.Supervisor;

namespace Hostup.Updates.Tests.Supervisor;

/// <summary>An OS that knows the supervisor by its older name, and a newer one that copies its settings to the present name at its first boot.</summary>
public sealed class RenamedSupervisorTests
{
    private const string OlderSettings = Places.State + "/root-overlay/etc/resin-supervisor/supervisor.conf";
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);

    [Theory]
    [InlineData(SimBehaviour.Good, AttemptStates.Committed, "v14.1.0")]
    [InlineData(SimBehaviour.Unhealthy, AttemptStates.RolledBack, "v14.0.0")]
    public async Task Both_names_say_which_supervisor_the_OS_that_stays_starts(SimBehaviour behaviour, string outcome, string version)
    {
        var device = WithOlderName(behaviour);

        await device.RunAsync();

        Assert.True(device.Bricked is null, device.Bricked);
        Assert.Equal(outcome, device.Outcome);
        Assert.Equal((version, version), (VersionIn(device, OlderSettings), VersionIn(device, SimSupervisor.Settings)));
    }

    [Fact]
    public async Task The_older_name_alone_is_served_and_nothing_is_written_under_the_present_one()
    {
        var device = WithOlderName(SimBehaviour.Good);
        device.Power.Meanwhile = null;

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal("v14.1.0", VersionIn(device, OlderSettings));
        Assert.False(device.Files.Exists(SimSupervisor.Settings));
    }

    private static SimDevice WithOlderName(SimBehaviour behaviour)
    {
        var device = new SimDevice(Old, SimRelease.Make("2.101.0", behaviour));
        device.State.Provision(OlderSettings, device.State.Read(SimSupervisor.Settings)!);
        AtomicFile.Delete(device.Files, SimSupervisor.Settings);
        // As upstream's unit of the new OS does once its settings are in place.
        device.Power.Meanwhile = _ =>
        {
            if (device.Boots == 2 && !device.Files.Exists(SimSupervisor.Settings) && VersionIn(device, OlderSettings) == "v14.1.0")
                device.State.Provision(SimSupervisor.Settings, device.State.Read(OlderSettings)!);
        };
        return device;
    }

    private static string VersionIn(SimDevice device, string path) => new SupervisorSettings(path, Encoding.UTF8.GetString(device.State.Read(path)!)).VersionText;
}
