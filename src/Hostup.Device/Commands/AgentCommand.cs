using System.CommandLine;
using System.Security.Cryptography;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
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
            while (!ct.IsCancellationRequested)
            {
                var config = await ProvisionedAsync(device, ct).ConfigureAwait(false);
                using var connections = config.Connections();
                using var server = new ServerLink(connections, config.Server!, config.DeviceKey);
                await new AgentLoop(device, config, server, wake).RunAsync(ct).ConfigureAwait(false);
                // It came back because the server does not know the key and there is one to register with.
                await RegisterAgainAsync(device, ct).ConfigureAwait(false);
            }
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>Waits for a server in config.json, registers when there is no device key yet.</summary>
    private static async Task<DeviceConfig> ProvisionedAsync(ThisDevice device, CancellationToken ct)
    {
        bool told = false;
        while (true)
        {
            var config = DeviceConfig.Load();
            if (config.Server is not null && config.DeviceKey is not null)
                return config;
            if (config is { Server: { } server, ProvisioningKey: { } key })
            {
                try
                {
                    await RegisterAsync(device, config, server, key, ct).ConfigureAwait(false);
                    continue;
                }
                catch (HostupException e)
                {
                    await Console.Error.WriteLineAsync($"{e.Message} [{e.Code}]").ConfigureAwait(false);
                }
            }
            else if (!told)
            {
                told = true;
                await Console.Error.WriteLineAsync("not provisioned: config.json names no apiEndpoint with apiKey or deviceApiKey").ConfigureAwait(false);
            }
            await Task.Delay(Unprovisioned, ct).ConfigureAwait(false);
        }
    }

    private static async Task RegisterAgainAsync(ThisDevice device, CancellationToken ct)
    {
        var config = DeviceConfig.Load();
        if (ct.IsCancellationRequested || config is not { Server: { } server, ProvisioningKey: { } key })
            return;
        try
        {
            await RegisterAsync(device, config, server, key, ct).ConfigureAwait(false);
        }
        catch (HostupException e)
        {
            await Console.Error.WriteLineAsync($"{e.Message} [{e.Code}]").ConfigureAwait(false);
            await Task.Delay(Unprovisioned, ct).ConfigureAwait(false);
        }
    }

    private static async Task RegisterAsync(ThisDevice device, DeviceConfig config, Uri server, string key, CancellationToken ct)
    {
        var facts = await DeviceFacts.ReadAsync(device.Ports, ct).ConfigureAwait(false);
        string uuid = config.Uuid ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        using var connections = config.Connections();
        using var link = new ServerLink(connections, server, deviceKey: null);
        var answer = await link.RegisterAsync(key, new RegisterRequest(uuid, facts.DeviceType, Name: null), ct).ConfigureAwait(false);
        config.SaveRegistration(answer.Uuid, answer.DeviceKey);
    }
}
