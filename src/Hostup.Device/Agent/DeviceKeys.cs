using Hostup.Updates.Files;

namespace Hostup.Device.Agent;

/// <summary>The device's own key: changed when the server asks, and replaced by registering again when the server does not know it.</summary>
internal sealed class DeviceKeys(DeviceConfig config, ServerLink server)
{
    /// <summary>Takes the next key. The server keeps the old one until this one was used, so a power cut anywhere leaves a key that is good.</summary>
    public async Task ChangeAsync(CancellationToken ct)
    {
        string next = await server.NextKeyAsync(ct).ConfigureAwait(false);
        config.SaveKey(next);
        server.UseKey(next);
    }

    /// <summary>Whether config.json, as it is now, has a key to register with: it was put there by provisioning, or later by the owner.</summary>
    public static bool MayRegisterAgain(IFiles files) => DeviceConfig.Load(files).ProvisioningKey is not null;
}
