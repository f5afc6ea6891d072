using System.CommandLine;
using Hostup.Core.Trust;

namespace Hostup.Cli.Keys;

/// <summary>hostup trust: the list of keys that devices believe, for /etc/hostup/trust.json of the image.</summary>
internal static class TrustCommands
{
    public static Command Build(Terminal terminal) => new("trust", "Make the list of keys that devices believe.") { Make(terminal) };

    private static ExampleCommand Make(Terminal terminal)
    {
        var keys = new Dictionary<TrustRole, Option<FileInfo[]>>
        {
            [TrustRole.Release] = Keys("--release", "Keys that may sign releases"),
            [TrustRole.Updater] = Keys("--updater", "Keys that may sign updaters"),
            [TrustRole.Root] = Keys("--root", "Keys that may change this list"),
        };
        var threshold = new Option<int>("--threshold") { Description = "How many keys of a role must sign", DefaultValueFactory = _ => 1 };
        var target = new Option<FileInfo>("--out") { Description = "File to write, usually trust.json", Required = true };
        var command = new ExampleCommand("make", "Write the list of keys that devices believe.", "hostup trust make --release release.key --updater updater.key --out trust.json") { threshold, target };
        foreach (var option in keys.Values)
            command.Options.Add(option);
        command.SetAction(async (parsed, ct) =>
        {
            var roles = new Dictionary<TrustRole, TrustedKeys>();
            foreach (var (role, option) in keys)
            {
                if (parsed.GetValue(option) is { Length: > 0 } files)
                    roles[role] = new TrustedKeys(await Task.WhenAll(files.Select(f => KeyCommands.ReadPublicAsync(f, ct))), parsed.GetValue(threshold));
            }
            string path = parsed.GetValue(target)!.FullName;
            await File.WriteAllBytesAsync(path, TrustList.Create(roles).ToJson(), ct);
            foreach (var (role, trusted) in roles)
                await terminal.Output.WriteLineAsync($"{trusted.Threshold} of {trusted.Keys.Count} for {role.ToString().ToLowerInvariant()}: {string.Join(", ", trusted.Keys.Select(k => k.KeyId[..12]))}");
        });
        return command;
    }

    private static Option<FileInfo[]> Keys(string name, string description) =>
        new Option<FileInfo[]>(name) { Description = description, AllowMultipleArgumentsPerToken = true }.AcceptExistingOnly();
}
