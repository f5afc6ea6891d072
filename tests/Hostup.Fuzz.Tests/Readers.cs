using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Delta.Format;
using Hostup.Delta.Repair;
using Hostup.Lab.Sim;
using Hostup.Linux.Engine;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Oci.Layers;
using Hostup.Oci.Registries;
using Hostup.Updates.Boot;
using Hostup.Updates.Checks;
using Hostup.Updates.Config;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Plan;
using Hostup.Updates.Slots;

namespace Hostup.Fuzz.Tests;

/// <summary>Every reader of bytes from outside, by the name of its corpus, with what it may allocate: a fixed part, and so many bytes for each byte read.</summary>
internal static class Readers
{
    // Sparse files may be 64 GiB of holes; reading some of them is enough.
    private const long ContentRead = 4 << 20;
    private const int Megabyte = 1 << 20;
    private static readonly SimDevice Device = new(SimRelease.Make("2.0.0", SimBehaviour.Good), SimRelease.Make("2.0.0", SimBehaviour.Good));
    private static readonly byte[] Config = "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"u8.ToArray();

    public static IReadOnlyDictionary<string, Reader> All { get; } = new Dictionary<string, Reader>
    {
        ["envelope"] = new(Sync(b => Envelope.Parse(b)), Megabyte / 4, 64),
        ["trust"] = new(Sync(b => TrustList.Parse(b)), Megabyte / 2, 64),
        ["manifest"] = new(Sync(b => ReleaseManifest.Read(b)), Megabyte / 4, 64),
        ["updater"] = new(Sync(b => UpdaterStatement.Parse(b)), Megabyte / 4, 64),
        ["poll"] = new(Sync(b => JsonSerializer.Deserialize(b, WireJson.Default.PollAnswer)), Megabyte / 4, 64),
        ["oci-manifest"] = new(Sync(b => OciImage.Parse(Describe(b), b, Config)), Megabyte / 4, 64),
        ["oci-config"] = new(Sync(b => OciImage.Parse(Describe(ManifestOf(b)), ManifestOf(b), b)), Megabyte / 4, 64),
        ["tar"] = new(b => ReadAsync(new LayerReader(new MemoryStream(Checksummed(b)))), Megabyte, 64),
        // Inflating is bounded by what gzip can do: some 1030 to one.
        ["gzip"] = new(b => ReadAsync(new LayersReader(new OneBlob(b), [new OciLayer(Layer(b), Digest.Of("other"u8))])), 8 * Megabyte, 64),
        ["members"] = new(b => ReadAsync(FramedLayer(b)), 8 * Megabyte, 64),
        ["zstd"] = new(b => ReadAsync(new LayersReader(new OneBlob(b), [new OciLayer(Layer(b) with { MediaType = MediaTypes.Layer + "+zstd" }, Digest.Of("other"u8))])), 16 * Megabyte, 64),
        ["oci-index"] = new(Sync(b => PlatformChoice.Pick(OciJson.Parse(b, OciJson.Default.OciIndex, "index"), OciPlatform.LinuxAmd64, "index")), Megabyte / 8, 64),
        ["token"] = new(Sync(b => OciJson.Parse(b, OciJson.Default.RegistryToken, "token")), Megabyte / 8, 64),
        ["challenge"] = new(Sync(ReadChallenge), Megabyte / 8, 256),
        ["trust-page"] = new(Sync(b => JsonSerializer.Deserialize(b, WireJson.Default.PageTrustListView)), Megabyte / 8, 64),
        ["config"] = new(Sync(ReadConfig), Megabyte / 2, 128),
        ["plan"] = new(Sync(b => SavedPlan.Parse(b, "plan.json")), Megabyte / 2, 64),
        ["checkpoint"] = new(Sync(ReadCheckpoint), 2 * Megabyte, 256),
        ["u-boot"] = new(Sync(ReadUBoot), Megabyte / 2, 256),
        ["balena"] = new(Sync(ReadBalena), Megabyte, 64),
        ["relay-request"] = new(Sync(b => _ = RelayRequest.Parse(b) ?? throw new HostupException(HostupErrors.BadValue, "cannot read a request", "it is none", "ask again")), Megabyte / 4, 64),
        ["delta-header"] = new(b => DeltaHeader.ReadAsync(new MemoryStream(HeaderOf(b)), default), Megabyte / 4, 64),
        // What is packed as if it were much is unpacked up to 8 MiB a stream, in a buffer that doubles.
        ["repairs"] = new(Sync(b => RepairList.Read(b)), 64 * Megabyte, 64),
        ["grubenv"] = new(Sync(ReadGrub), Megabyte, 64),
        ["journal"] = new(Sync(b => ReadJournal(Framed(b))), 2 * Megabyte, 256),
        ["journal-bytes"] = new(Sync(ReadJournal), 2 * Megabyte, 256),
    };

    /// <summary>A journal of the records in a text, one a line, each with its right check.</summary>
    public static byte[] Framed(byte[] lines)
    {
        var framed = new List<byte>();
        string attempt = "0123456789abcdef0123456789abcdef";
        int index = 0;
        foreach (string line in Encoding.Latin1.GetString(lines).Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(300))
        {
            byte[] payload = Encoding.Latin1.GetBytes(line.Length > 5000 ? line[..5000] : line);
            byte[] length = new byte[2];
            BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)payload.Length);
            framed.AddRange(length);
            framed.AddRange(SHA256.HashData([.. Encoding.UTF8.GetBytes($"{attempt}/{index++}/"), .. payload])[..8]);
            framed.AddRange(payload);
        }
        return [.. framed];
    }

    /// <summary>The header of a delta around a body, with its right hash.</summary>
    private static byte[] HeaderOf(byte[] body)
    {
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, body.Length);
        byte[] header = [.. "HUPDELTA"u8, 1, 0, 0, 0, .. length, .. body];
        return [.. header, .. SHA256.HashData(header)];
    }

    private static Func<byte[], Task> Sync(Action<byte[]> read) => bytes =>
    {
        read(bytes);
        return Task.CompletedTask;
    };

    private static async Task ReadAsync(Core.RootTrees.ITreeReader reader)
    {
        await using (reader)
        {
            byte[] buffer = new byte[64 << 10];
            long left = ContentRead;
            while (await reader.NextAsync(default) is not null)
            {
                while (left > 0 && await reader.ReadAsync(buffer, default) is > 0 and var read)
                    left -= read;
                if (left <= 0)
                    return;
            }
        }
    }

    private static void ReadGrub(byte[] bytes)
    {
        Device.Boot.Provision(SimDevice.GrubEnv, bytes);
        new GrubEnvironment(Device.Files, SimDevice.GrubEnv).Read();
    }

    private static void ReadUBoot(byte[] bytes)
    {
        // Decision, counter and limit are text of one form.
        foreach (string path in (string[])[UBootEnvironment.File, UBootEnvironment.CountFile, Places.Boot + "/extra_uEnv.txt"])
            Device.Boot.Provision(path, bytes);
        var environment = new UBootEnvironment(Device.Files);
        _ = environment.FallbackBoot;
        environment.Read();
    }

    private static void ReadBalena(byte[] bytes)
    {
        Device.Boot.Provision(BalenaBootEnvironment.File, bytes);
        new BalenaBootEnvironment(Device.Files, (2, 3)).Read();
    }

    // No copy beside it: what is read is the file itself.
    private static void ReadConfig(byte[] bytes)
    {
        Device.Boot.Provision(ConfigFile.FilePath, bytes);
        var content = new ConfigFile(Device.Files).Load();
        foreach (string key in (string[])["uuid", "apiEndpoint", "deviceApiKey", "balenaRootCA"])
            _ = (content[key] as JsonValue)?.TryGetValue(out string? _);
        DeviceFacts.DeviceTypeOf(Device.Files);
    }

    private static void ReadCheckpoint(byte[] bytes)
    {
        byte[] file = new byte[AttemptJournal.FileBytes];
        "HOSTUPJ1"u8.CopyTo(file);
        Device.State.Provision(Places.Journal, file);
        using (Device.Files.OpenForWriting(Places.State))
            new ProgressSlots(Device.Files).Write(bytes.AsSpan(0, Math.Min(bytes.Length, 900)));
        SpareProgress.Load(Device.Files);
    }

    private static void ReadChallenge(byte[] bytes)
    {
        using var answer = new HttpResponseMessage();
        // as the HTTP library hands it on: no line ends, and what it cannot read is not there
        string text = new([.. Encoding.Latin1.GetString(bytes).Where(c => !char.IsControl(c))]);
        answer.Headers.TryAddWithoutValidation("WWW-Authenticate", text);
        if (AuthChallenge.Choose(answer.Headers.WwwAuthenticate) is null)
            throw new HostupException(HostupErrors.Unauthorized, "cannot answer", "it asks for nothing that we know", "ask again");
    }

    /// <summary>A first line with sizes, two for each member; then the blob, whose digests are right: what is signed may still be nonsense.</summary>
    private static LayersReader FramedLayer(byte[] bytes)
    {
        int end = Math.Max(0, Array.IndexOf(bytes, (byte)'\n'));
        byte[] blob = bytes[Math.Min(bytes.Length, end + 1)..];
        var members = new List<LayerMember>();
        int at = 0;
        foreach (string[] sizes in Encoding.Latin1.GetString(bytes, 0, end).Split(' ').Chunk(2))
        {
            int size = int.TryParse(sizes[0], out int said) && said > 0 ? Math.Min(said, blob.Length - Math.Min(at, blob.Length)) : 0;
            var digest = Digest.Of(blob.AsSpan(Math.Min(at, blob.Length), size));
            if (!LayerMember.TryParse($"{sizes[0]} {sizes[^1]} {digest.Hex}", out var member))
                throw new HostupException(HostupErrors.BadImage, "cannot read a member", "it is none", "sign it again");
            members.Add(member);
            at = (int)Math.Min(int.MaxValue, (long)at + member.Size);
        }
        return new LayersReader(new OneBlob(blob), [new OciLayer(Layer(blob) with { Size = members.Sum(m => (long)m.Size) }, null) { Members = members }]);
    }

    private static void ReadJournal(byte[] records)
    {
        byte[] file = new byte[AttemptJournal.FileBytes];
        "HOSTUPJ1"u8.CopyTo(file);
        records.AsSpan(0, Math.Min(records.Length, file.Length - 4096)).CopyTo(file.AsSpan(4096));
        Device.State.Provision(Places.Journal, file);
        new AttemptJournal(Device.Files).Read();
    }

    /// <summary>Headers with the right sum, so that what they say is read.</summary>
    private static byte[] Checksummed(byte[] tar)
    {
        byte[] fixedUp = [.. tar];
        for (int at = 0; at + 512 <= fixedUp.Length; at += 512)
        {
            var block = fixedUp.AsSpan(at, 512);
            if (!block.Slice(257, 5).SequenceEqual("ustar"u8))
                continue;
            block.Slice(148, 8).Fill((byte)' ');
            int sum = 0;
            foreach (byte b in block)
                sum += b;
            Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(block[148..]);
        }
        return fixedUp;
    }

    private static OciDescriptor Describe(byte[] manifest) => new() { MediaType = MediaTypes.Manifest, Digest = Digest.Of(manifest), Size = manifest.Length };

    private static OciDescriptor Layer(byte[] blob) => new() { MediaType = MediaTypes.GzipLayer, Digest = Digest.Of(blob), Size = blob.Length };

    private static byte[] ManifestOf(byte[] config) => Encoding.UTF8.GetBytes(
        $$"""{"schemaVersion":2,"config":{"mediaType":"{{MediaTypes.Config}}","digest":"{{Digest.Of(config)}}","size":{{config.Length}}},"layers":[]}""");

    private sealed class OneBlob(byte[] content) : IBlobSource
    {
        public ValueTask<Stream> OpenAsync(OciDescriptor blob, long offset, CancellationToken ct) => ValueTask.FromResult<Stream>(new MemoryStream(content[(int)Math.Min(offset, content.Length)..]));
    }
}

/// <summary>A reader and its bounds.</summary>
/// <param name="ReadAsync">Reads to the end.</param>
/// <param name="FixedBytes">What it may allocate whatever it reads.</param>
/// <param name="BytesPerByte">What it may allocate more for each byte that it is given.</param>
internal sealed record Reader(Func<byte[], Task> ReadAsync, long FixedBytes, int BytesPerByte);
