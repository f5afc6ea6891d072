using System.Security.Cryptography;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Linux.Network;

namespace Hostup.Device.Agent;

/// <summary>Makes a device known to its server. What config.json cannot keep is not asked for: each try would be another device, or another key.</summary>
/// <param name="connections">Opens the connection.</param>
internal sealed class Registration(ServerConnections connections)
{
    /// <summary>Registers. The uuid is durable before the server hears it; the boot partition has proved then that it takes a write.</summary>
    /// <param name="config">config.json with server and provisioning key; has the device key afterwards.</param>
    /// <param name="deviceType">Slug of the device.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="HostupException"><c>medium</c>: nothing was asked of the server; the codes of the link.</exception>
    public async Task RegisterAsync(DeviceConfig config, string deviceType, CancellationToken ct)
    {
        try
        {
            config.SaveUuid(config.Uuid ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            throw MediumFault.Of("cannot register the device", e);
        }
        using var link = new ServerLink(connections, config.Server!, deviceKey: null);
        var answer = await link.RegisterAsync(config.ProvisioningKey!, new RegisterRequest(config.Uuid!, deviceType, Name: null), ct).ConfigureAwait(false);
        try
        {
            config.SaveRegistration(answer.Uuid, answer.DeviceKey);
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            // The boot partition took a write a moment ago. The agent goes on with the key that it has in memory; the next one registers this uuid again.
            await Console.Error.WriteLineAsync($"the device key is not kept: {e.Message}").ConfigureAwait(false);
        }
    }
}
