using System.CommandLine;
using System.Security.Cryptography;
using Hostup.Cli.Api;
using Hostup.Cli.Releases;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Trust;
using Hostup.Core.Wire;

namespace Hostup.Cli.Updaters;

/// <summary>hostup updater: device programs that updates transfer.</summary>
internal static class UpdaterCommands
{
    public static Command Build(Terminal terminal) => new("updater", "Sign, publish and list device programs.") { Sign(terminal), Publish(terminal), List(terminal) };

    private static ExampleCommand Sign(Terminal terminal)
    {
        var program = new Argument<FileInfo>("PROGRAM") { Description = "The device program, one file" }.AcceptExistingOnly();
        var key = new Option<FileInfo[]>("--key") { Description = "Updater key; several: all sign", Required = true, AllowMultipleArgumentsPerToken = true }.AcceptExistingOnly();
        var version = new Option<string>("--version") { Description = "Version of the program", Required = true };
        var platform = new Option<string>("--platform") { Description = "Where it runs", DefaultValueFactory = _ => "linux-x64" };
        var target = new Option<FileInfo>("--out") { Description = "File to write", Required = true };
        var command = new ExampleCommand("sign", "Sign a device program.", "hostup updater sign hostup-device --key updater.key --version 0.2.0\n    --out updater.dsse") { program, key, version, platform, target };
        command.SetAction(async (parsed, ct) =>
        {
            var file = parsed.GetValue(program)!;
            var statement = new UpdaterStatement { Version = parsed.GetValue(version)!, Digest = await DigestOfAsync(file, ct), Size = file.Length, Platform = parsed.GetValue(platform)! };
            await ReleaseSignCommand.WriteSignedAsync(UpdaterStatement.PayloadType, statement.ToJson(), parsed.GetValue(key)!, parsed.GetValue(target)!.FullName, ct);
            await terminal.Output.WriteLineAsync($"signed {statement.Version} for {statement.Platform}, {new ByteCount(statement.Size)}");
        });
        return command;
    }

    private static ExampleCommand Publish(Terminal terminal)
    {
        var program = new Argument<FileInfo>("PROGRAM") { Description = "The device program" }.AcceptExistingOnly();
        var envelope = new Option<FileInfo>("--envelope") { Description = "What `hostup updater sign` wrote", Required = true }.AcceptExistingOnly();
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("publish", "Upload a device program with its signature.", "hostup updater publish hostup-device --envelope updater.dsse") { program, envelope, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var file = parsed.GetValue(program)!;
            byte[] document = await File.ReadAllBytesAsync(parsed.GetValue(envelope)!.FullName, ct);
            var statement = UpdaterStatement.Parse(Envelope.Parse(document).UnverifiedPayload.Span);
            if (await DigestOfAsync(file, ct) != statement.Digest)
                throw new HostupException(HostupErrors.DigestMismatch, $"cannot publish updater {statement.Version}", $"{file.Name} is not the program that was signed", "sign this program, or give the one that was signed");
            using var request = new HttpRequestMessage(HttpMethod.Put, $"api/v1/updaters/programs/{statement.Digest}") { Content = new StreamContent(file.OpenRead()) };
            (await api.SendAsync(request, ct)).Dispose();
            var updater = await api.PostAsync("api/v1/updaters", document, WireJson.Default.UpdaterView, ct);
            terminal.Print(updater, parsed.GetValue(json), (w, u) => w.WriteLine($"published updater {u.Version} for {u.Platform}"));
        });
        return command;
    }

    private static ExampleCommand List(Terminal terminal)
    {
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("list", "List device programs.", "hostup updater list") { json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            terminal.Print(await api.GetAsync("api/v1/updaters", WireJson.Default.PageUpdaterView, ct), parsed.GetValue(json), (w, p) =>
                Terminal.Table(w, ["VERSION", "PLATFORM", "SIZE", "DIGEST"], p.Items.Select(u => (IReadOnlyList<string>)[u.Version, u.Platform, $"{new ByteCount(u.Size)}", u.Digest.Hex[..12]])));
        });
        return command;
    }

    private static async Task<Digest> DigestOfAsync(FileInfo file, CancellationToken ct)
    {
        await using var stream = file.OpenRead();
        return Digest.FromHash(await SHA256.HashDataAsync(stream, ct));
    }
}
