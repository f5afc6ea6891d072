using System.CommandLine;
using Hostup.Device.Agent;
using Hostup.Linux.Machines;
using Hostup.Updates.Checks;

namespace Hostup.Device.Commands;

/// <summary><c>hostup-device agent</c>: the unit that is always there.</summary>
internal static class AgentCommand
{
    private static readonly TimeSpan Unprovisioned = TimeSpan.FromSeconds(30);

    public static Command Create()
    {
        var command = new Command("agent", "Poll the server, start updates, report on them");
        command.SetAction(async (_, ct) =>
        {
            using var device = new ThisDevice();
            using var wake = new AgentWake(TimeProvider.System);
            var pace = new ServerPace(device.Ports.Clock, $"{MachineIdentity.Read()} {device.Ports.Power.BootId}");
            DeviceConfig? registered = null;
            while (!ct.IsCancellationRequested)
            {
                var config = registered ?? await ProvisionedAsync(device, pace, wake, ct).ConfigureAwait(false);
                using var connections = config.Connections();
                using var server = new ServerLink(connections, config.Server!, config.DeviceKey);
                await new AgentLoop(device, config, server, wake).RunAsync(ct).ConfigureAwait(false);
                // It came back because the server does not know the key and there is one to register with.
                registered = await RegisterAgainAsync(device, pace, wake, ct).ConfigureAwait(false);
            }
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>
    /// Waits for a server in config.json, registers when there is no device key yet. A boot partition that cannot be read or written is waited for too. Looking costs nothing; a server
    /// that did not register the device is asked again ever more seldom, or when config.json says something new.
    /// </summary>
    private static async Task<DeviceConfig> ProvisionedAsync(ThisDevice device, ServerPace pace, AgentWake wake, CancellationToken ct)
    {
        string? told = null;
        (Uri?, string?) asked = default;
        while (true)
        {
            string why = "not provisioned: config.json names no apiEndpoint with apiKey or deviceApiKey";
            try
            {
                var config = DeviceConfig.Load(device.Ports.Files);
                if (config is { Server: not null, DeviceKey: null, ProvisioningKey: not null })
                {
                    bool rests = pace.Left > TimeSpan.Zero && asked == (config.Server, config.ProvisioningKey);
                    asked = (config.Server, config.ProvisioningKey);
                    if (!rests)
                        await RegisterAsync(device, config, ct).ConfigureAwait(false);
                    why = told ?? why;
                }
                if (config is { Server: not null, DeviceKey: not null })
                    return config;
            }
            catch (Exception e) when (MediumFault.IsKnown(e))
            {
                var error = MediumFault.Wrap("cannot register the device", e);
                why = $"{error.Message} [{error.Code}]";
                pace.Failed(error, interval: null);
            }
            if (why != told)
                await Console.Error.WriteLineAsync(why).ConfigureAwait(false);
            told = why;
            if (await wake.PauseAsync(Unprovisioned, ct).ConfigureAwait(false))
                pace.Wake();
            ct.ThrowIfCancellationRequested();
        }
    }

    /// <returns>What it registered with; null: it did not, config.json is looked at anew.</returns>
    private static async Task<DeviceConfig?> RegisterAgainAsync(ThisDevice device, ServerPace pace, AgentWake wake, CancellationToken ct)
    {
        try
        {
            var config = DeviceConfig.Load(device.Ports.Files);
            if (ct.IsCancellationRequested || config is not { Server: not null, ProvisioningKey: not null })
                return null;
            await RegisterAsync(device, config, ct).ConfigureAwait(false);
            pace.Answered();
            return config;
        }
        catch (Exception e) when (MediumFault.IsKnown(e))
        {
            var error = MediumFault.Wrap("cannot register the device", e);
            await Console.Error.WriteLineAsync($"{error.Message} [{error.Code}]").ConfigureAwait(false);
            pace.Failed(error, interval: null);
            await wake.PauseAsync(pace.Left, ct).ConfigureAwait(false);
            return null;
        }
    }

    private static async Task RegisterAsync(ThisDevice device, DeviceConfig config, CancellationToken ct)
    {
        using var connections = config.Connections();
        await new Registration(connections).RegisterAsync(config, DeviceFacts.DeviceTypeOf(device.Ports.Files), ct).ConfigureAwait(false);
    }
}
