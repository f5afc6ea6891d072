using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Checks;
using Hostup.Updates.Run;
using Hostup.Updates.Slots;
using Hostup.Updates.Trust;

namespace Hostup.Device.Agent;

/// <summary>Tells the server what the device runs, when it changed.</summary>
internal sealed class StateReporting(DevicePorts device, ServerLink server, DeviceTrust trust)
{
    private DeviceStateReport? _reported;

    /// <summary>Reports, unless the server has exactly this already.</summary>
    /// <param name="trustFault">Why the server's list of trusted keys was not taken; empty: it was.</param>
    /// <param name="ct">Ends it.</param>
    public async Task ReportAsync(string trustFault, CancellationToken ct)
    {
        var facts = await DeviceFacts.ReadAsync(device, ct).ConfigureAwait(false);
        var state = new DeviceStateReport
        {
            OsVersion = facts.OsVersion,
            AgentVersion = ThisProgram.Version,
            Kernel = (await File.ReadAllTextAsync("/proc/sys/kernel/osrelease", ct).ConfigureAwait(false)).Trim(),
            Platform = ThisProgram.Platform,
            TrustVersion = TrustVersion(),
            TrustFault = trustFault,
            RunningSlot = facts.Running?.Label ?? "",
            Slots = SlotIdentities.Read(device, facts),
            SupervisorVersion = SupervisorVersion(),
        };
        if (_reported is not null && state with { Slots = [] } == _reported with { Slots = [] } && state.Slots.SequenceEqual(_reported.Slots))
            return;
        await server.ReportStateAsync(state, ct).ConfigureAwait(false);
        _reported = state;
    }

    private long TrustVersion()
    {
        try
        {
            return trust.Newest().Version;
        }
        catch (HostupException)
        {
            return 0;
        }
    }

    private static string SupervisorVersion()
    {
        string? conf = new[] { "/etc/balena-supervisor/supervisor.conf", "/etc/resin-supervisor/supervisor.conf" }.FirstOrDefault(File.Exists);
        return conf is null ? "" : File.ReadLines(conf).Select(l => l.Split('=', 2)).FirstOrDefault(p => p is ["SUPERVISOR_VERSION" or "SUPERVISOR_TAG", _])?[1].Trim('"') ?? "";
    }
}
