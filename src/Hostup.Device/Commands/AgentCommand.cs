using System.CommandLine;
using Hostup.Device.Agent;
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
            DeviceConfig? registered = null;
            while (!ct.IsCancellationRequested)
            {
                var config = registered ?? await ProvisionedAsync(device, ct).ConfigureAwait(false);
                using var connections = config.Connections();
                using var server = new ServerLink(connections, config.Server!, config.DeviceKey);
                await new AgentLoop(device, config, server, wake).RunAsync(ct).ConfigureAwait(false);
                // It came back because the server does not know the key and there is one to register with.
                registered = await RegisterAgainAsync(device, ct).ConfigureAwait(false);
            }
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>Waits for a server in config.json, registers when there is no device key yet. A boot partition that cannot be read or written is waited for too.</summary>
    private static async Task<DeviceConfig> ProvisionedAsync(ThisDevice device, CancellationToken ct)
    {
        string? told = null;
        while (true)
        {
            string why = "not provisioned: config.json names no apiEndpoint with apiKey or deviceApiKey";
            try
            {
                var config = DeviceConfig.Load(device.Ports.Files);
                if (config is { Server: not null, DeviceKey: null, ProvisioningKey: not null })
                    await RegisterAsync(device, config, ct).ConfigureAwait(false);
                if (config is { Server: not null, DeviceKey: not null })
                    return config;
            }
            catch (Exception e) when (MediumFault.IsKnown(e))
            {
                var error = MediumFault.Wrap("cannot register the device", e);
                why = $"{error.Message} [{error.Code}]";
            }
            if (why != told)
                await Console.Error.WriteLineAsync(why).ConfigureAwait(false);
            told = why;
            await Task.Delay(Unprovisioned, ct).ConfigureAwait(false);
        }
    }

    /// <returns>What it registered with; null: it did not, config.json is looked at anew.</returns>
    private static async Task<DeviceConfig?> RegisterAgainAsync(ThisDevice device, CancellationToken ct)
    {
        try
        {
            var config = DeviceConfig.Load(device.Ports.Files);
            if (ct.IsCancellationRequested || config is not { Server: not null, ProvisioningKey: not null })
                return null;
            await RegisterAsync(device, config, ct).ConfigureAwait(false);
            return config;
        }
        catch (Exception e) when (MediumFault.IsKnown(e))
        {
            var error = MediumFault.Wrap("cannot register the device", e);
            await Console.Error.WriteLineAsync($"{error.Message} [{error.Code}]").ConfigureAwait(false);
            await Task.Delay(Unprovisioned, ct).ConfigureAwait(false);
            return null;
        }
    }

    private static async Task RegisterAsync(ThisDevice device, DeviceConfig config, CancellationToken ct)
    {
        using var connections = config.Connections();
        await new Registration(connections).RegisterAsync(config, DeviceFacts.DeviceTypeOf(device.Ports.Files), ct).ConfigureAwait(false);
    }
}
