using System.CommandLine;
using Hostup.Cli.Keys;
using Hostup.Core;
using Hostup.Core.Devices;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Core.Versions;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;

namespace Hostup.Cli.Releases;

/// <summary>hostup release sign: writes the manifest of an image and signs it. Works without a server.</summary>
internal static class ReleaseSignCommand
{
    public static ExampleCommand Build(Terminal terminal)
    {
        var image = ImageOption(required: true);
        var key = new Option<FileInfo[]>("--key") { Description = "Release key; several: all sign", Required = true, AllowMultipleArgumentsPerToken = true }.AcceptExistingOnly();
        var type = new Option<string>("--device-type") { Description = "Slug of the device type", Required = true };
        var platform = PlatformOption();
        var sequence = new Option<long>("--sequence") { Description = "Higher than that of every release before", Required = true };
        var version = new Option<string>("--version") { Description = "OS version; without it VERSION of the image's os-release" };
        var repository = new Option<string>("--repository") { Description = "Name of the repository; without it hostos/DEVICE-TYPE" };
        var build = new Option<string>("--build-id") { Description = "Names the build", DefaultValueFactory = _ => "" };
        var supervisor = new Option<string>("--supervisor") { Description = "Supervisor as VERSION, VERSION=NAME:TAG@DIGEST, or VERSION=NAME:TAG with --supervisor-image" };
        var supervisorImage = SupervisorImageOption();
        var stores = new Option<string[]>("--engine-store") { Description = "Storage drivers that the engine opens", AllowMultipleArgumentsPerToken = true };
        var health = new Option<string>("--health") { Description = "Health checks of the trial as COUNTxSECONDS", DefaultValueFactory = _ => "15x60" };
        var minimum = new Option<string>("--updater-minimum") { Description = "Lowest version of the device program", DefaultValueFactory = _ => "0.0.0" };
        var loaders = new Option<string[]>("--boot-loader") { Description = "Families of boot loaders that it serves; without it those known of the device type", AllowMultipleArgumentsPerToken = true };
        loaders.AcceptOnlyFromAmong([.. BootLoaders.Served]);
        var stones = new Option<string[]>("--stepping-stone") { Description = "Versions that a device with an older OS runs first", AllowMultipleArgumentsPerToken = true };
        var label = new Option<string>("--root-label") { Description = "Label of the root file system; without it the slot's own" };
        var features = new Option<string[]>("--ext4-feature") { Description = "Features of the root file system, for mke2fs; without it the usual ones", AllowMultipleArgumentsPerToken = true };
        var kept = new Option<string[]>("--kept-back") { Description = "Files of the boot partition that updates never replace; without it the device program's list", AllowMultipleArgumentsPerToken = true };
        var areas = BootAreaOption.Areas();
        var single = BootAreaOption.SingleCopy();
        var days = new Option<double?>("--expires-in-days") { Description = "From then on no device installs it; without it never" };
        var notes = new Option<FileInfo>("--notes") { Description = "Text file: what is new in the OS" }.AcceptExistingOnly();
        var typeNotes = new Option<FileInfo>("--device-notes") { Description = "Text file: what is new on this device type" }.AcceptExistingOnly();
        var packages = new Option<FileInfo>("--packages") { Description = "Text file: one package a line, name and version" }.AcceptExistingOnly();
        var framed = new Option<string>("--image-out") { Description = "Layout that gets the framed image, the one that is signed; without it OUT.image" };
        var asIs = new Option<bool>("--as-is") { Description = "Sign the image as it is: a download that breaks off begins its layer anew" };
        var target = new Option<FileInfo>("--out") { Description = "File to write", Required = true };
        var command = new ExampleCommand("sign", "Write and sign the manifest of an image.", "hostup release sign --image build/layout --key release.key\n    --device-type genericx86-64 --sequence 7 --out release.dsse")
        {
            image, key, type, platform, sequence, version, repository, build, supervisor, supervisorImage, stores, health, minimum, loaders, stones, label, features, kept, areas, single, days, notes, typeNotes, packages, framed, asIs, target,
        };
        command.SetAction(async (parsed, ct) =>
        {
            string slug = DeviceType.Parse(parsed.GetValue(type)!).ToString();
            var machine = ReleasePlatform.Of(parsed.GetValue(platform), slug);
            using var source = await ImageSource.OpenAsync(parsed.GetValue(image)!, machine, ct);
            ReleasePlatform.Require(source.Image, machine, slug);
            var read = await ImageFacts.ReadAsync(source, ct);
            string place = parsed.GetValue(target)!.FullName;
            var (signed, layers) = parsed.GetValue(asIs) ? (source.Image, ImageReframing.LayersOf(source.Image)) : await FrameAsync(source, parsed.GetValue(framed) ?? place + ".image", ct);
            var manifest = new ReleaseManifest
            {
                Version = OsVersion.Parse(parsed.GetValue(version) ?? read.OsReleaseVersion ?? throw WithoutVersion()).Text,
                BuildId = parsed.GetValue(build)!,
                DeviceType = slug,
                BootLoaders = parsed.GetValue(loaders) ?? [],
                Sequence = parsed.GetValue(sequence),
                SignedAt = TimeProvider.System.GetUtcNow(),
                Image = new ReleaseImage { Digest = signed.Digest, Repository = parsed.GetValue(repository) ?? "hostos/" + slug, DownloadBytes = signed.DownloadBytes, Layers = layers },
                TreeDigest = read.TreeDigest,
                Root = read.Root with { Label = RootLabel(parsed.GetValue(label)), Ext4Features = parsed.GetValue(features) is { Length: > 0 } named ? named : read.Root.Ext4Features },
                KeptBack = parsed.GetValue(kept) is { Length: > 0 } paths ? paths : null,
                BootFiles = read.BootFiles,
                Requires = [.. parsed.GetValue(areas) is { Length: > 0 } ? [BootArea.Feature] : Array.Empty<string>(), .. read.Hooks is [] ? Array.Empty<string>() : [HookFolder.Feature]],
                Hooks = read.Hooks,
                BootAreas = BootAreaOption.Parse(parsed.GetValue(areas) ?? [], parsed.GetValue(single), read),
                Supervisor = await ParseSupervisorAsync(parsed.GetValue(supervisor), parsed.GetValue(supervisorImage), machine, ct),
                EngineStores = parsed.GetValue(stores) ?? [],
                Health = ParseHealth(parsed.GetValue(health)!),
                UpdaterMinimum = parsed.GetValue(minimum)!,
                SteppingStones = [.. (parsed.GetValue(stones) ?? []).Select(s => OsVersion.Parse(s).Text)],
                Expires = parsed.GetValue(days) is { } d ? TimeProvider.System.GetUtcNow().AddDays(d) : null,
                Notes = new ReleaseNotes(await TextAsync(parsed.GetValue(notes), ct), await TextAsync(parsed.GetValue(typeNotes), ct)),
                Packages = (await TextAsync(parsed.GetValue(packages), ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
            };
            byte[] json = manifest.ToJson();
            ReleaseManifest.Read(json); // what no reader takes is not signed
            await WriteSignedAsync(ReleaseManifest.PayloadType, json, parsed.GetValue(key)!, place, ct);
            if (manifest.BootLoaders is [] && DeviceTypes.Find(slug) is null)
                await terminal.Error.WriteLineAsync($"warning: device type {slug} is not one that the device program knows, so that devices refuse this release: sign it with --boot-loader");
            await terminal.Output.WriteLineAsync($"signed {manifest.Version} for {slug}, sequence {manifest.Sequence}, image {signed.Digest.Hex[..12]}{(parsed.GetValue(asIs) ? "" : $" in {parsed.GetValue(framed) ?? place + ".image"}")}");
        });
        return command;
    }

    private static async Task<(OciImage Image, IReadOnlyList<ReleaseLayer> Layers)> FrameAsync(ImageSource source, string folder, CancellationToken ct)
    {
        // Left over from a signing before: two images in one layout could not be told apart.
        if (Directory.Exists(folder))
        {
            OciLayout.Open(folder);
            Directory.Delete(folder, recursive: true);
        }
        return await new ImageReframing(OciLayout.Create(folder)).FrameAsync(source.Image, source.Blobs, null, ct);
    }

    public static Option<string> ImageOption(bool required) =>
        new("--image") { Description = "OCI layout (folder), docker archive (file) or docker://HOST/REPOSITORY:TAG", Required = required };

    public static Option<string> PlatformOption() =>
        new("--platform") { Description = "Machine of the images, like linux/arm64; without it the device type's" };

    /// <summary>Signs a payload with every key and writes the envelope.</summary>
    public static async Task WriteSignedAsync(string payloadType, byte[] payload, FileInfo[] keys, string path, CancellationToken ct)
    {
        Envelope? envelope = null;
        foreach (var file in keys)
        {
            using var key = await KeyCommands.ReadAsync(file, ct);
            envelope = envelope?.SignedBy(key) ?? Envelope.Sign(payloadType, payload, key);
        }
        await File.WriteAllBytesAsync(path, envelope!.ToJson(), ct);
    }

    private static async Task<string> TextAsync(FileInfo? file, CancellationToken ct) => file is null ? "" : await File.ReadAllTextAsync(file.FullName, ct);

    public static Option<string> SupervisorImageOption() =>
        new("--supervisor-image") { Description = "Image of the supervisor, named as --image" };

    private static async Task<ReleaseSupervisor?> ParseSupervisorAsync(string? text, string? image, OciPlatform? machine, CancellationToken ct)
    {
        if (text is null)
            return null;
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
            return new ReleaseSupervisor(text, null);
        string name = text[(equals + 1)..];
        long? bytes = null;
        if (image is not null)
        {
            using var source = await ImageSource.OpenAsync(image, machine, ct);
            name = $"{name}@{source.Image.Digest}";
            bytes = source.Image.DownloadBytes;
        }
        return new ReleaseSupervisor(text[..equals], EngineImageName.Parse(name).ToString()) { DownloadBytes = bytes };
    }

    private static string RootLabel(string? label) => label switch
    {
        null => "",
        _ when SlotName.Is(label) => throw new HostupException(HostupErrors.BadValue, $"cannot label the root '{label}'", "that is the name of a slot, and the release is installed on either one", "leave --root-label out: each slot then keeps its own name"),
        _ when label.Length > ReleaseLimits.LabelBytes || !label.All(char.IsAscii) => throw new HostupException(HostupErrors.BadValue, $"cannot label the root '{label}'", $"ext4 takes {ReleaseLimits.LabelBytes} bytes", "give a shorter one, in ASCII"),
        _ => label,
    };

    private static HealthSettings ParseHealth(string text) =>
        text.Split('x') is [var count, var seconds] && int.TryParse(count, out int n) && int.TryParse(seconds, out int s) && n is >= 1 and <= 1000 && s is >= 1 and <= 3600
            ? new HealthSettings { Count = n, IntervalSeconds = s }
            : throw new HostupException(HostupErrors.BadValue, $"cannot read health settings '{text}'", "they are COUNTxSECONDS with 1 to 1000 checks every 1 to 3600 seconds", "give them like 15x60");

    private static HostupException WithoutVersion() => new(
        HostupErrors.BadImage, "cannot sign the image", "neither /etc/os-release nor /usr/lib/os-release in it has a VERSION", "give --version, or write VERSION where the image is built");
}
