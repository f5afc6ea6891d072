using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Oci.Images;
using Hostup.Oci.Registries;

namespace Hostup.Cli.Releases;

/// <summary>hostup release: publish, list, show, invalidate; signing is <see cref="ReleaseSignCommand"/>, what came of one <see cref="ReleaseOutcomesCommand"/>.</summary>
internal static class ReleaseCommands
{
    public static Command Build(Terminal terminal) => new("release", "Sign, publish and see releases.") { ReleaseSignCommand.Build(terminal), ReleaseVerifyCommand.Build(terminal), ReleaseDiffCommand.Build(terminal), Publish(terminal), List(terminal), Show(terminal), ReleaseOutcomesCommand.Build(terminal), ReleaseOfferCommand.Build(terminal), Invalidate(terminal) };

    public static Option<bool> JsonOption() => new("--json") { Description = "Print data" };

    private static ExampleCommand Publish(Terminal terminal)
    {
        var file = new Argument<FileInfo>("ENVELOPE") { Description = "What `hostup release sign` wrote" }.AcceptExistingOnly();
        var image = ReleaseSignCommand.ImageOption(required: false);
        var supervisor = ReleaseSignCommand.SupervisorImageOption();
        var platform = ReleaseSignCommand.PlatformOption();
        var draft = new Option<bool>("--draft") { Description = "Offer it to no device before `hostup release offer`" };
        var json = JsonOption();
        var command = new ExampleCommand("publish", "Push the images and publish the signed release.", "hostup release publish release.dsse --image build/layout") { file, image, supervisor, platform, draft, json };
        command.SetAction(async (parsed, ct) =>
        {
            var credentials = Credentials.Load();
            byte[] envelope = await File.ReadAllBytesAsync(parsed.GetValue(file)!.FullName, ct);
            var manifest = ReleaseManifest.Parse(Envelope.Parse(envelope).UnverifiedPayload.Span);
            var machine = ReleasePlatform.Of(parsed.GetValue(platform), manifest.DeviceType);
            if (parsed.GetValue(image) is { } name)
                await PushAsync(credentials, name, machine, (manifest.Version, manifest.Image.Repository, manifest.Image.Digest), terminal, ct);
            if (parsed.GetValue(supervisor) is { } supervisorName)
                await PushAsync(credentials, supervisorName, machine, SupervisorOf(manifest), terminal, ct);
            using var api = new ApiClient(credentials);
            var release = await api.PostAsync(parsed.GetValue(draft) ? "api/v1/releases?draft=true" : "api/v1/releases", envelope, WireJson.Default.ReleaseView, ct);
            terminal.Print(release, parsed.GetValue(json), (w, r) => w.WriteLine($"published {r.Version} for {r.DeviceType} as {r.Id}{(r.IsDraft ? ", a draft" : "")}"));
        });
        return command;
    }

    private static (string Version, string Repository, Digest Digest) SupervisorOf(ReleaseManifest manifest) =>
        manifest.Supervisor is { Image: { } text } && EngineImageName.Parse(text) is { Host: null } image
            ? (manifest.Version, image.Repository, image.Digest)
            : throw new HostupException(HostupErrors.BadValue, $"cannot publish the supervisor of release {manifest.Version}", "its manifest names no supervisor image on this server", "sign it with --supervisor VERSION=NAME:TAG --supervisor-image IMAGE");

    private static async Task PushAsync(Credentials credentials, string name, OciPlatform? machine, (string Version, string Repository, Digest Digest) signed, Terminal terminal, CancellationToken ct)
    {
        using var source = await ImageSource.OpenAsync(name, machine, ct);
        if (source.Image.Digest != signed.Digest)
            throw new HostupException(HostupErrors.DigestMismatch, $"cannot publish release {signed.Version}", $"it signs image {signed.Digest}, {name} is {source.Image.Digest}", "give the image that was signed");
        using var http = RegistryClient.NewHttp();
        var counter = new TransferCounter();
        await terminal.Error.WriteLineAsync($"push {signed.Repository}, {new ByteCount(source.Image.DownloadBytes)}");
        await new RegistryClient(http, new RegistryLocation(credentials.Server, signed.Repository), new RegistryCredentials("operator", credentials.Key), counter).PushAsync(source.Image, source.Blobs, null, ct);
        await terminal.Error.WriteLineAsync($"sent {new ByteCount(counter.SentBytes)}");
    }

    private static ExampleCommand List(Terminal terminal)
    {
        var type = new Option<string>("--device-type") { Description = "Only releases of this device type" };
        var json = JsonOption();
        var command = new ExampleCommand("list", "List releases, newest first.", "hostup release list --device-type genericx86-64") { type, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            string filter = parsed.GetValue(type) is { } slug ? $"&deviceType={Uri.EscapeDataString(slug)}" : "";
            var page = await api.GetAsync($"api/v1/releases?limit=1000{filter}", WireJson.Default.PageReleaseView, ct);
            terminal.Print(page, parsed.GetValue(json), (w, p) => Terminal.Table(w, ["VERSION", "DEVICE TYPE", "SEQUENCE", "PUBLISHED", "SIZE", "STATE"],
                p.Items.Select(r => (IReadOnlyList<string>)[r.Version, r.DeviceType, $"{r.Sequence}", $"{r.PublishedAt:yyyy-MM-dd HH:mm}", $"{new ByteCount(r.DownloadBytes)}", StateOf(r)])));
        });
        return command;
    }

    private static ExampleCommand Show(Terminal terminal)
    {
        var name = new Argument<string>("RELEASE") { Description = "Version or id" };
        var json = JsonOption();
        var command = new ExampleCommand("show", "Show a release.", "hostup release show 2.98.33+rev1") { name, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            terminal.Print(await api.GetAsync($"api/v1/releases/{Uri.EscapeDataString(parsed.GetValue(name)!)}", WireJson.Default.ReleaseView, ct), parsed.GetValue(json), WriteRelease);
        });
        return command;
    }

    private static ExampleCommand Invalidate(Terminal terminal)
    {
        var name = new Argument<string>("RELEASE") { Description = "Version or id" };
        var reason = new Option<string>("--reason") { Description = "Why nobody is to install it any more", Required = true };
        var json = JsonOption();
        var command = new ExampleCommand("invalidate", "Say that nobody is to install a release any more.", "hostup release invalidate 2.98.33+rev1 --reason \"loses Wi-Fi\"") { name, reason, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var release = await api.PostAsync($"api/v1/releases/{Uri.EscapeDataString(parsed.GetValue(name)!)}/invalidate", new InvalidateRequest(parsed.GetValue(reason)!), WireJson.Default.InvalidateRequest, WireJson.Default.ReleaseView, ct);
            terminal.Print(release, parsed.GetValue(json), WriteRelease);
        });
        return command;
    }

    private static string StateOf(ReleaseView release) => release switch
    {
        { InvalidatedReason: not null } => "invalidated",
        { IsDraft: true } => "draft",
        _ => "valid",
    };

    /// <summary>A release for people.</summary>
    public static void WriteRelease(TextWriter writer, ReleaseView release)
    {
        writer.WriteLine($"release      {release.Version}  ({release.Id})");
        writer.WriteLine($"device type  {release.DeviceType}");
        writer.WriteLine($"sequence     {release.Sequence}");
        writer.WriteLine($"signed       {release.SignedAt:u}");
        writer.WriteLine($"published    {release.PublishedAt:u}");
        writer.WriteLine($"image        {release.Repository}, {new ByteCount(release.DownloadBytes)}");
        writer.WriteLine($"             {release.Image.Hex}");
        if (release.IsDraft)
            writer.WriteLine("draft        offered to no device yet");
        if (release.InvalidatedReason is not null)
            writer.WriteLine($"invalidated  {release.InvalidatedReason}");
    }
}
