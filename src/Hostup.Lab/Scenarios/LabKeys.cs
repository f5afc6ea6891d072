using Hostup.Core.Trust;

namespace Hostup.Lab.Scenarios;

/// <summary>The OS builder's keys in the lab: made once, kept in the cache, never on the server.</summary>
/// <param name="Folder">Where they are.</param>
public sealed record LabKeys(string Folder)
{
    /// <summary>Signs releases.</summary>
    public string Release => Path.Combine(Folder, "release.key");

    /// <summary>Signs device programs.</summary>
    public string Updater => Path.Combine(Folder, "updater.key");

    /// <summary>Signs the list of trusted keys.</summary>
    public string Root => Path.Combine(Folder, "root.key");

    /// <summary>What goes into the OS image: /etc/hostup/trust.json.</summary>
    public string Trust => Path.Combine(Folder, "trust.json");

    /// <summary>Returns them, made when they are not there.</summary>
    public static async Task<LabKeys> GetAsync(LabEnvironment lab, CancellationToken ct) => new(await lab.Cache.GetAsync("keys", "lab-with-root", MakeAsync, ct));

    private static async Task MakeAsync(string folder)
    {
        var keys = new LabKeys(folder);
        using var release = SigningKey.Create();
        using var updater = SigningKey.Create();
        using var root = SigningKey.Create();
        await File.WriteAllTextAsync(keys.Root, root.ToPem());
        await File.WriteAllTextAsync(keys.Release, release.ToPem());
        await File.WriteAllTextAsync(keys.Updater, updater.ToPem());
        await File.WriteAllBytesAsync(keys.Trust, TrustList.Create(new Dictionary<TrustRole, TrustedKeys>
        {
            [TrustRole.Release] = new([release.Public], 1),
            [TrustRole.Updater] = new([updater.Public], 1),
            [TrustRole.Root] = new([root.Public], 1),
        }, version: 1).ToJson());
    }
}
