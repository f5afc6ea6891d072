using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Linux.Engine;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Oci.Layers;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;

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
        ["envelope"] = new(Sync(b => Envelope.Parse(b)), Megabyte / 2, 64),
        ["trust"] = new(Sync(b => TrustList.Parse(b)), Megabyte, 64),
        ["manifest"] = new(Sync(b => ReleaseManifest.Read(b)), Megabyte / 2, 64),
        ["updater"] = new(Sync(b => UpdaterStatement.Parse(b)), Megabyte / 2, 64),
        ["poll"] = new(Sync(b => JsonSerializer.Deserialize(b, WireJson.Default.PollAnswer)), Megabyte / 2, 64),
        ["oci-manifest"] = new(Sync(b => OciImage.Parse(Describe(b), b, Config)), Megabyte / 2, 64),
        ["oci-config"] = new(Sync(b => OciImage.Parse(Describe(ManifestOf(b)), ManifestOf(b), b)), Megabyte / 2, 64),
        ["tar"] = new(b => ReadAsync(new LayerReader(new MemoryStream(Checksummed(b)))), 4 * Megabyte, 64),
        // Inflating is bounded by what gzip can do: some 1030 to one.
        ["gzip"] = new(b => ReadAsync(new LayersReader(new OneBlob(b), [new OciLayer(Layer(b), Digest.Of("other"u8))])), 8 * Megabyte, 64),
        ["relay-request"] = new(Sync(b => _ = RelayRequest.Parse(b) ?? throw new HostupException(HostupErrors.BadValue, "cannot read a request", "it is none", "ask again")), Megabyte / 2, 64),
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
        public ValueTask<Stream> OpenAsync(OciDescriptor blob, long offset, CancellationToken ct) => ValueTask.FromResult<Stream>(new MemoryStream(content[(int)offset..]));
    }
}

/// <summary>A reader and its bounds.</summary>
/// <param name="ReadAsync">Reads to the end.</param>
/// <param name="FixedBytes">What it may allocate whatever it reads.</param>
/// <param name="BytesPerByte">What it may allocate more for each byte that it is given.</param>
internal sealed record Reader(Func<byte[], Task> ReadAsync, long FixedBytes, int BytesPerByte);
