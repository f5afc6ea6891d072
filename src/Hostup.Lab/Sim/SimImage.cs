using System.Collections.Concurrent;
using System.Text;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Updates.Account;
using Hostup.Updates.Ports;
using Hostup.Updates.Supervisor;

namespace Hostup.Lab.Sim;

/// <summary>
/// A registry with a supervisor's image: a manifest, which is the text whose digest names it, and one layer of bytes that follow from it. Can break off,
/// damage what it gives, or not have it.
/// </summary>
public sealed class SimImage(string name, EngineImageName image) : IImageSource
{
    /// <summary>Bytes of the layer.</summary>
    public const int LayerBytes = 200_000;

    // as Docker has it
    private const int MostTries = 5;

    private static readonly ConcurrentDictionary<string, (byte[] Bytes, Digest Digest)> Layers = new();

    private long _received;
    private long _wasted;
    private bool _isGone;

    public string Name => name;

    public string Host => name;

    public CauseBytes Bytes => new(AttemptAccount.SupervisorCause, _received - _wasted, 0);

    public CauseBytes Retried => new("retried", _wasted, 0);

    /// <summary>Bytes after which the layer breaks off, each time; null: it does not.</summary>
    public long? BreaksAfter { get; init; }

    /// <summary>Times that it breaks off; after that it is whole.</summary>
    public int Breaks { get; set; } = int.MaxValue;

    /// <summary>Whether nobody answers any more once it broke off.</summary>
    public bool GoneOnceBroken { get; init; }

    /// <summary>Place of a byte of the layer that is wrong; null: none is.</summary>
    public int? DamageAt { get; init; }

    /// <summary>Whether it does not have it.</summary>
    public bool Missing { get; init; }

    /// <summary>Called before each piece that is read.</summary>
    public Action? Meanwhile { get; init; }

    /// <summary>Times that its manifest was asked for.</summary>
    public int Asked { get; private set; }

    /// <summary>First bytes that were asked for, in order.</summary>
    public List<long> OpenedAt { get; } = [];

    /// <summary>Whether it was disposed.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>The layer of an image; nobody changes it.</summary>
    public static byte[] LayerOf(EngineImageName image) => MadeLayerOf(image).Bytes;

    /// <summary>What the simulated engine does: manifest, then the layer, checked.</summary>
    public static async Task PullAsync(EngineImageName image, ImageFeed feed, CancellationToken ct)
    {
        await feed.ManifestAsync(image.Digest, ct);
        var (layer, digest) = MadeLayerOf(image);
        var taken = new SimTaker();
        for (int tries = MostTries; tries > 0 && taken.Bytes.Count < layer.Length; tries--)
        {
            try
            {
                await feed.CopyAsync(digest, layer.Length, taken.Bytes.Count, taken, ct);
            }
            catch (HostupException) when (feed.Fault is null && tries > 1)
            {
                // It sees an answer that breaks off, and asks again.
            }
        }
        if (!taken.Bytes.SequenceEqual(layer))
            throw new InvalidOperationException("bug: the engine got something else");
    }

    public ValueTask<ImageDocument> ManifestAsync(Digest digest, CancellationToken ct)
    {
        Asked++;
        return Missing || digest != image.Digest
            ? throw NotThere
            : ValueTask.FromResult(new ImageDocument("application/vnd.oci.image.manifest.v1+json", Encoding.UTF8.GetBytes(image.Tag!)));
    }

    public ValueTask<Stream> OpenAsync(Digest digest, long size, long from, CancellationToken ct)
    {
        if (_isGone)
            throw Broken;
        var (layer, there) = MadeLayerOf(image);
        if (digest != there)
            throw NotThere;
        OpenedAt.Add(from);
        if (DamageAt is { } at)
        {
            layer = [.. layer];
            layer[at] ^= 1;
        }
        return ValueTask.FromResult<Stream>(new Body(this, layer, from));
    }

    public void Waste(long bytes) => _wasted += bytes;

    public void Dispose() => IsClosed = true;

    private HostupException NotThere => new(HostupErrors.NotFound, $"cannot find the supervisor at {name}", "404 Not Found", "push the image");

    private static HostupException Broken => new(HostupErrors.Link, "cannot fetch the layer", "connection reset", "check the link");

    // Tests of a power cut at each effect pull it some ten thousand times.
    private static (byte[] Bytes, Digest Digest) MadeLayerOf(EngineImageName image) => Layers.GetOrAdd(image.Tag!, tag =>
    {
        int sum = tag.Sum(c => c);
        byte[] bytes = [.. Enumerable.Range(0, LayerBytes).Select(i => (byte)((i * 31) + sum))];
        return (bytes, Digest.Of(bytes));
    });

    private sealed class Body(SimImage registry, byte[] layer, long from) : MemoryStream(layer, (int)from, layer.Length - (int)from, writable: false)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            registry.Meanwhile?.Invoke();
            if (registry.BreaksAfter <= Position && registry.Breaks-- > 0)
            {
                registry._isGone = registry.GoneOnceBroken;
                throw Broken;
            }
            int most = registry.BreaksAfter is { } limit && registry.Breaks > 0 ? (int)Math.Min(buffer.Length, limit - Position) : buffer.Length;
            int read = await base.ReadAsync(buffer[..most], cancellationToken);
            registry._received += read;
            return read;
        }
    }
}
