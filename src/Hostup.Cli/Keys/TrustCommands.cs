using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Cli.Releases;
using Hostup.Core.Errors;
using Hostup.Core.Trust;
using Hostup.Core.Wire;

namespace Hostup.Cli.Keys;

/// <summary>hostup trust: the list of keys that devices believe, in the image and as a signed document that replaces it.</summary>
internal static class TrustCommands
{
    public static Command Build(Terminal terminal) =>
        new("trust", "Make, sign and publish the list of keys that devices believe.") { Make(terminal), Sign(terminal), Show(terminal), Publish(terminal), List(terminal) };

    /// <summary>The list in a file, plain or signed. What signed it is not judged.</summary>
    public static async Task<TrustList> ReadAsync(FileInfo file, CancellationToken ct)
    {
        byte[] content = await File.ReadAllBytesAsync(file.FullName, ct);
        try
        {
            return TrustList.Parse(content);
        }
        catch (HostupException plain) when (plain.Code == HostupErrors.BadConfig)
        {
            try
            {
                return TrustList.Parse(Envelope.Parse(content).UnverifiedPayload.Span);
            }
            catch (HostupException e) when (e.Code == HostupErrors.Signature)
            {
                throw plain;
            }
        }
    }

    /// <summary>One line a role.</summary>
    public static void Write(TextWriter writer, TrustList list)
    {
        writer.WriteLine($"version {list.Version}");
        foreach (var role in list.Roles)
            writer.WriteLine($"{list[role].Threshold} of {list[role].Keys.Count} for {TrustList.Name(role)}: {string.Join(", ", list[role].Keys.Select(k => k.KeyId[..12]))}");
    }

    private static ExampleCommand Make(Terminal terminal)
    {
        var keys = new Dictionary<TrustRole, Option<FileInfo[]>>
        {
            [TrustRole.Release] = Keys("--release", "Keys that may sign releases"),
            [TrustRole.Updater] = Keys("--updater", "Keys that may sign updaters"),
            [TrustRole.Root] = Keys("--root", "Keys that may change this list"),
        };
        var threshold = new Option<int>("--threshold") { Description = "How many keys of a role must sign", DefaultValueFactory = _ => 1 };
        var version = new Option<long>("--version") { Description = "Higher than that of every list before", DefaultValueFactory = _ => 1 };
        var target = new Option<FileInfo>("--out") { Description = "File to write, usually trust.json", Required = true };
        var command = new ExampleCommand("make", "Write the list of keys that devices believe.", "hostup trust make --release release.key --updater updater.key --root root.key\n    --out trust.json") { threshold, version, target };
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
            var list = TrustList.Create(roles, parsed.GetValue(version));
            await File.WriteAllBytesAsync(parsed.GetValue(target)!.FullName, list.ToJson(), ct);
            Write(terminal.Output, list);
        });
        return command;
    }

    private static ExampleCommand Sign(Terminal terminal)
    {
        var file = new Argument<FileInfo>("LIST") { Description = "A list that `hostup trust make` wrote" }.AcceptExistingOnly();
        var key = RootKeys();
        var target = new Option<FileInfo>("--out") { Description = "File to write", Required = true };
        var command = new ExampleCommand("sign", "Sign a list, so that devices take it without a new OS.", "hostup trust sign trust.json --key root.key --out trust.dsse") { file, key, target };
        command.SetAction(async (parsed, ct) =>
        {
            var list = await ReadAsync(parsed.GetValue(file)!, ct);
            await ReleaseSignCommand.WriteSignedAsync(TrustList.PayloadType, list.ToJson(), parsed.GetValue(key)!, parsed.GetValue(target)!.FullName, ct);
            await terminal.Output.WriteLineAsync($"signed list {list.Version} with {parsed.GetValue(key)!.Length} of the root keys");
        });
        return command;
    }

    private static ExampleCommand Show(Terminal terminal)
    {
        var file = new Argument<FileInfo>("FILE") { Description = "A list, plain or signed" }.AcceptExistingOnly();
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("show", "Print who may sign what.", "hostup trust show trust.json") { file, json };
        command.SetAction(async (parsed, ct) =>
        {
            var list = await ReadAsync(parsed.GetValue(file)!, ct);
            if (parsed.GetValue(json))
                await terminal.Output.WriteLineAsync(System.Text.Encoding.UTF8.GetString(list.ToJson()));
            else
                Write(terminal.Output, list);
        });
        return command;
    }

    private static ExampleCommand Publish(Terminal terminal)
    {
        var file = new Argument<FileInfo>("ENVELOPE") { Description = "What `hostup trust sign` or `hostup key rotate` wrote" }.AcceptExistingOnly();
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("publish", "Publish a signed list; devices take it at their next poll.", "hostup trust publish trust.dsse") { file, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var list = await api.PostAsync("api/v1/trust-lists", await File.ReadAllBytesAsync(parsed.GetValue(file)!.FullName, ct), WireJson.Default.TrustListView, ct);
            terminal.Print(list, parsed.GetValue(json), (w, l) => w.WriteLine($"published list {l.Version}"));
        });
        return command;
    }

    private static ExampleCommand List(Terminal terminal)
    {
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("list", "List the signed lists on the server, newest first.", "hostup trust list") { json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            terminal.Print(await api.GetAsync("api/v1/trust-lists", WireJson.Default.PageTrustListView, ct), parsed.GetValue(json), (w, p) =>
                Terminal.Table(w, ["VERSION", "PUBLISHED", "DIGEST"], p.Items.Select(t => (IReadOnlyList<string>)[$"{t.Version}", $"{t.PublishedAt:yyyy-MM-dd HH:mm}", t.Envelope.Hex[..12]])));
        });
        return command;
    }

    /// <summary>The keys that sign a list.</summary>
    public static Option<FileInfo[]> RootKeys() =>
        new Option<FileInfo[]>("--key") { Description = "Root key; several: all sign. New root keys sign too", Required = true, AllowMultipleArgumentsPerToken = true }.AcceptExistingOnly();

    private static Option<FileInfo[]> Keys(string name, string description) =>
        new Option<FileInfo[]>(name) { Description = description, AllowMultipleArgumentsPerToken = true }.AcceptExistingOnly();
}
