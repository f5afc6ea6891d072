using System.CommandLine;
using Hostup.Cli.Releases;
using Hostup.Core.Errors;
using Hostup.Core.Trust;

namespace Hostup.Cli.Keys;

/// <summary>hostup key rotate: the next list of trusted keys, with a key more or a key less, signed. Works without a server.</summary>
internal static class KeyRotateCommand
{
    public static ExampleCommand Build(Terminal terminal)
    {
        var trust = new Option<FileInfo>("--trust") { Description = "The list that devices have now, plain or signed", Required = true }.AcceptExistingOnly();
        var role = KeyCommands.RoleOption("Whose keys change: release, updater or root");
        var add = new Option<FileInfo>("--add") { Description = "Key that is believed from now on, private or public" }.AcceptExistingOnly();
        var remove = new Option<FileInfo>("--remove") { Description = "Key that is not believed any more" }.AcceptExistingOnly();
        var threshold = new Option<int?>("--threshold") { Description = "How many keys of the role must sign; without it as before" };
        var key = TrustCommands.RootKeys();
        var target = new Option<FileInfo>("--out") { Description = "File for the signed list", Required = true };
        var plain = new Option<FileInfo>("--list") { Description = "File for the same list unsigned, for the next image" };
        var command = new ExampleCommand("rotate", "Write the next list of trusted keys and sign it.", "hostup key rotate --trust trust.json --role release --add new.key\n    --key root.key --out trust-2.dsse --list trust-2.json") { trust, role, add, remove, threshold, key, target, plain };
        command.SetAction(async (parsed, ct) =>
        {
            var now = await TrustCommands.ReadAsync(parsed.GetValue(trust)!, ct);
            var changed = Enum.GetValues<TrustRole>().Single(r => TrustList.Name(r) == parsed.GetValue(role));
            var next = await NextAsync(now, changed, parsed.GetValue(add), parsed.GetValue(remove), parsed.GetValue(threshold), ct);
            string path = parsed.GetValue(target)!.FullName;
            await ReleaseSignCommand.WriteSignedAsync(TrustList.PayloadType, next.ToJson(), parsed.GetValue(key)!, path, ct);
            // what no device would take is not written down as done
            await RequireTakenAsync(now, path, ct);
            if (parsed.GetValue(plain) is { } list)
                await File.WriteAllBytesAsync(list.FullName, next.ToJson(), ct);
            TrustCommands.Write(terminal.Output, next);
        });
        return command;
    }

    private static async Task<TrustList> NextAsync(TrustList now, TrustRole role, FileInfo? add, FileInfo? remove, int? threshold, CancellationToken ct)
    {
        if (add is null && remove is null && threshold is null)
            throw new HostupException(HostupErrors.Usage, "cannot rotate keys", "nothing is to change", "give --add, --remove or --threshold");
        var keys = now[role].Keys.ToList();
        if (remove is not null)
        {
            string id = (await KeyCommands.ReadPublicAsync(remove, ct)).KeyId;
            if (keys.RemoveAll(k => k.KeyId == id) == 0)
                throw new HostupException(HostupErrors.BadValue, "cannot rotate keys", $"the list does not name key {id[..12]} for role {TrustList.Name(role)}", "see `hostup trust show`");
        }
        if (add is not null)
            keys.Add(await KeyCommands.ReadPublicAsync(add, ct));
        var roles = now.Roles.Append(role).Distinct().ToDictionary(r => r, r => r == role ? new TrustedKeys(keys, threshold ?? now[r].Threshold) : now[r]);
        return TrustList.Create(roles, now.Version + 1);
    }

    private static async Task RequireTakenAsync(TrustList now, string path, CancellationToken ct)
    {
        try
        {
            now.Follow(Envelope.Parse(await File.ReadAllBytesAsync(path, ct)));
        }
        catch (HostupException)
        {
            File.Delete(path);
            throw;
        }
    }
}
