using System.CommandLine;
using Hostup.Cli.Keys;
using Hostup.Core.Releases;
using Hostup.Core.Trust;

namespace Hostup.Cli.Releases;

/// <summary>hostup release verify: what a device with this list of keys would say to a signed release. Works without a server.</summary>
internal static class ReleaseVerifyCommand
{
    public static ExampleCommand Build(Terminal terminal)
    {
        var file = new Argument<FileInfo>("ENVELOPE") { Description = "What `hostup release sign` wrote" }.AcceptExistingOnly();
        var trust = new Option<FileInfo>("--trust") { Description = "The list of keys, plain or signed", Required = true }.AcceptExistingOnly();
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("verify", "Say whether devices with a list of keys believe a release.", "hostup release verify release.dsse --trust trust.json") { file, trust, json };
        command.SetAction(async (parsed, ct) =>
        {
            var list = await TrustCommands.ReadAsync(parsed.GetValue(trust)!, ct);
            var envelope = Envelope.Parse(await File.ReadAllBytesAsync(parsed.GetValue(file)!.FullName, ct));
            byte[] payload = list.Verify(envelope, TrustRole.Release, ReleaseManifest.PayloadType);
            var release = ReleaseManifest.Parse(payload);
            new ReleaseFreshness(TimeProvider.System.GetUtcNow(), IsSynchronised: true, Floor: DateTimeOffset.UnixEpoch).Require(release);
            if (parsed.GetValue(json))
                await terminal.Output.WriteLineAsync(System.Text.Encoding.UTF8.GetString(payload));
            else
                await terminal.Output.WriteLineAsync($"good: {release.Version} for {release.DeviceType}, sequence {release.Sequence}{(release.Expires is { } end ? $", until {end:u}" : "")}, signed {release.SignedAt:u}");
        });
        return command;
    }
}
