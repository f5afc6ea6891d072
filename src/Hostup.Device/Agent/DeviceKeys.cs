using System.Globalization;
using System.Text;
using Hostup.Core.Errors;
using Hostup.Updates.Files;
using Hostup.Updates.Ports;

namespace Hostup.Device.Agent;

/// <summary>The device's own key: changed when the server asks, and replaced by registering again when the server does not know it.</summary>
internal sealed class DeviceKeys(DeviceConfig config, ServerLink server, IFiles files, ISystemClock clock)
{
    // Each change writes the boot partition twice. An operator changes a key now and then; only somebody else asks at each poll.
    private static readonly TimeSpan BetweenChanges = TimeSpan.FromDays(1);
    private const int LongestKey = 200; // the server's have 47 characters
    private const string ChangedPath = Places.Hostup + "/key-changed";

    /// <summary>Takes the next key, once a day at most. The server keeps the old one until this one was used, so a power cut anywhere leaves a key that is good.</summary>
    /// <returns>Whether the key was changed.</returns>
    /// <exception cref="HostupException"><c>link</c> and the codes of the link: the key stays.</exception>
    public async Task<bool> ChangeAsync(CancellationToken ct)
    {
        // A clock that was set back proves nothing.
        if (ChangedAt() is { } last && clock.Now >= last && clock.Now - last < BetweenChanges)
            return false;
        string next = await server.NextKeyAsync(ct).ConfigureAwait(false);
        if (next.Length is 0 or > LongestKey || !next.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
            throw new HostupException(HostupErrors.Link, "cannot use the next device key", $"what the server gave is no key ({next.Length} characters)", "look whether the address in config.json is a Hostup server");
        config.SaveKey(next);
        files.CreateDirectory(Places.Hostup);
        AtomicFile.Write(files, ChangedPath, Encoding.ASCII.GetBytes(clock.Now.ToString("O", CultureInfo.InvariantCulture)));
        server.UseKey(next);
        return true;
    }

    /// <summary>Whether config.json, as it is now, can be read and has a key to register with: it was put there by provisioning, or later by the owner.</summary>
    public static bool MayRegisterAgain(IFiles files)
    {
        try
        {
            return DeviceConfig.Load(files).ProvisioningKey is not null;
        }
        catch (Exception e) when (MediumFault.IsKnown(e))
        {
            return false;
        }
    }

    private DateTimeOffset? ChangedAt() => files.Exists(ChangedPath)
        && DateTimeOffset.TryParseExact(Encoding.ASCII.GetString(files.Read(ChangedPath)).Trim(), "O", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;
}
