using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Core.Wire;
using Hostup.Linux.Deltas;

namespace Hostup.Lab.Sim;

/// <summary>A server with one delta: can have it ready later, not have it, break off in the middle of a part, or give damaged bytes.</summary>
public sealed class SimDeltaServer(SimDelta delta) : IDeltaServer
{
    private const int AnswerBytes = 300;

    private long _received;

    public string Host => "server";

    public (long Received, long Sent) Carried => (_received, 0);

    public (long Received, long Sent) InVain => (0, 0);

    /// <summary>Time; asked when it was asked.</summary>
    public Func<TimeSpan> Clock { get; set; } = () => TimeSpan.Zero;

    /// <summary>When the delta is ready.</summary>
    public TimeSpan ReadyAt { get; set; }

    /// <summary>Why it has none; null: it has.</summary>
    public string? Missing { get; set; }

    /// <summary>Whether nobody answers.</summary>
    public bool IsDown { get; set; }

    /// <summary>Bytes of a part after which the link breaks, each time; null: it holds.</summary>
    public long? BreaksEach { get; set; }

    /// <summary>Whether the link stays broken once it broke.</summary>
    public bool ThenGone { get; set; }

    /// <summary>Place of a byte that is damaged; null: none.</summary>
    public long? DamageAt { get; set; }

    /// <summary>How often it is damaged.</summary>
    public int Damages { get; set; } = int.MaxValue;

    /// <summary>Whether it says where the contents of the image lie.</summary>
    public bool HasRepairs { get; set; }

    /// <summary>Bytes of contents that were read of the image, by index of the entry.</summary>
    public List<(long Entry, int Count)> Literal { get; } = [];

    /// <summary>Bytes of one entry of the image after which the link breaks, once; null: it holds.</summary>
    public long? BreaksLiteralAfter { get; set; }

    /// <summary>Times at which it was asked for the delta.</summary>
    public List<TimeSpan> AskedAt { get; } = [];

    /// <summary>Bytes of the delta that it gave, by their place; what was given twice is there twice.</summary>
    public List<(long At, int Count)> Given { get; } = [];

    public ValueTask<DeltaOffer> AskAsync(Digest image, Digest from, CancellationToken ct)
    {
        AskedAt.Add(Clock());
        if (IsDown)
            throw Broken;
        _received += AnswerBytes;
        if (Missing is not null || image != delta.Image || from != delta.From)
            throw new HostupException(HostupErrors.NoDelta, "cannot get a delta", Missing ?? "no such trees", "use the whole image");
        return Clock() >= ReadyAt ? ValueTask.FromResult(delta.Offer) : throw new HostupException(HostupErrors.ServerBusy, "cannot get a delta", "the server is still making it", "it is asked again") { RetryAfter = TimeSpan.FromSeconds(30) };
    }

    public ValueTask<Stream> OpenPartAsync(DeltaOffer offer, long offset, long bytes, CancellationToken ct)
    {
        if (IsDown)
            throw Broken;
        byte[] part = delta.Content[(int)offset..(int)(offset + bytes)];
        if (DamageAt is { } at && at >= offset && at < offset + bytes && Damages-- > 0)
            part[at - offset] ^= 1;
        return ValueTask.FromResult<Stream>(new Part(this, part, offset));
    }

    public ValueTask<ReadOnlyMemory<byte>?> RepairListAsync(DeltaOffer offer, CancellationToken ct)
    {
        if (IsDown)
            throw Broken;
        if (!HasRepairs)
            return ValueTask.FromResult<ReadOnlyMemory<byte>?>(null);
        byte[] list = delta.Repairs!.Write();
        _received += list.Length;
        return ValueTask.FromResult<ReadOnlyMemory<byte>?>(list);
    }

    public IPlacedTreeReader OpenImage(ReleaseManifest release, TreePlace place) => new Image(this, delta.Layer, (int)place.Offset);

    private static HostupException Broken => new(HostupErrors.Link, "cannot fetch the delta", "connection reset", "check the link");

    /// <summary>The image from one of its entries on.</summary>
    private sealed class Image(SimDeltaServer server, IReadOnlyList<(TreeEntry Entry, ReadOnlyMemory<byte> Content)> layer, int next) : IPlacedTreeReader
    {
        private ReadOnlyMemory<byte> _left;

        public TreePlace? Place => new(0, next - 1);

        public ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
        {
            if (server.IsDown)
                throw Broken;
            if (next == layer.Count)
                return ValueTask.FromResult<TreeEntry?>(null);
            (var entry, _left) = layer[next++];
            return ValueTask.FromResult<TreeEntry?>(entry);
        }

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
        {
            int read = Math.Min(buffer.Length, _left.Length);
            if (server.BreaksLiteralAfter < read)
            {
                server.BreaksLiteralAfter = null;
                throw Broken;
            }
            _left[..read].CopyTo(buffer);
            _left = _left[read..];
            server.Literal.Add((next - 1, read));
            server._received += read;
            return ValueTask.FromResult(read);
        }

        public ValueTask SkipAsync(long bytes, CancellationToken ct)
        {
            _left = _left[(int)bytes..];
            return default;
        }

        public ValueTask DisposeAsync() => default;
    }

    private sealed class Part(SimDeltaServer server, byte[] bytes, long offset) : MemoryStream(bytes, writable: false)
    {
        private long _given;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (server.BreaksEach <= _given)
            {
                server.IsDown = server.ThenGone;
                throw Broken;
            }
            int most = server.BreaksEach is { } limit ? (int)Math.Min(buffer.Length, limit - _given) : buffer.Length;
            int read = await base.ReadAsync(buffer[..most], cancellationToken);
            if (read > 0)
                server.Given.Add((offset + _given, read));
            _given += read;
            server._received += read;
            return read;
        }
    }
}
