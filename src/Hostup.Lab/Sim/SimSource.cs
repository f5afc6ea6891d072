using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Core.Wire;
using Hostup.Updates.Ports;

namespace Hostup.Lab.Sim;

/// <summary>A release's files as a stream of tree entries, from any place; can break off as a link does, give something wrong, or come back after a time.</summary>
public sealed class SimSource(string name, SimRelease content, int breakAfterEntries = int.MaxValue, bool corrupt = false) : IHostAppSource
{
    private long _received;
    private long _discarded;
    private bool _broke;

    public string Name { get; } = name;

    public string Host { get; init; } = name;

    /// <summary>Times that it breaks off; after that it is whole.</summary>
    public int Breaks { get; set; } = int.MaxValue;

    /// <summary>Whether nobody answers any more once it broke off.</summary>
    public bool ThenGone { get; init; }

    /// <summary>Whether nobody answers at the moment.</summary>
    public bool IsDown { get; set; }

    /// <summary>What it fails with when it breaks off before the first entry.</summary>
    public HostupException Refusal { get; init; } = new(HostupErrors.Link, $"cannot reach {name}", "connection refused", "check the link");

    /// <summary>When it was asked, by the device's clock; null: not kept.</summary>
    public Func<TimeSpan>? Clock { get; set; }

    /// <summary>Times at which it was asked.</summary>
    public List<TimeSpan> AskedAt { get; } = [];

    /// <summary>Bytes of content that it gave.</summary>
    public CauseBytes Bytes => new(Name, _received - _discarded, 0);

    public CauseBytes Retried => new("retried", _discarded, 0);

    public void Discard() => _discarded = _received;

    /// <summary>Whether it answers, but does not have the image.</summary>
    public bool Missing { get; init; }

    /// <summary>Whether it says that it has the image, whatever comes of that later.</summary>
    public bool Claims { get; init; }

    public ValueTask ProbeAsync(ReleaseManifest release, CancellationToken ct) => Claims ? default : Missing ? throw NotThere : breakAfterEntries == 0 || IsDown ? throw Refusal : default;

    public ValueTask<IPlacedTreeReader> OpenAsync(ReleaseManifest release, TreePlace? from, CancellationToken ct)
    {
        if (Missing)
            throw NotThere;
        if (Clock is not null)
            AskedAt.Add(Clock());
        if (IsDown)
            throw Refusal;
        int left = Breaks <= 0 ? int.MaxValue : ThenGone && _broke ? 0 : breakAfterEntries;
        _broke = true;
        if (left != int.MaxValue)
            Breaks--;
        return left == 0 ? throw Refusal : ValueTask.FromResult<IPlacedTreeReader>(new Reader(this, content, from, left));
    }

    private HostupException NotThere => new(HostupErrors.NotFound, $"cannot find the image at {Name}", "404 Not Found", "push the image");

    private sealed class Reader(SimSource source, SimRelease release, TreePlace? from, int breakAfter) : IPlacedTreeReader
    {
        private readonly KeyValuePair<string, byte[]>[] _files = [.. release.Files];
        private int _next = from is null or { Delta: not null } ? 0 : from.Layer == 1 ? release.Files.Count : (int)from.Offset;
        private int _entries;
        private byte[] _content = [];
        private int _at;

        public TreePlace? Place { get; private set; }

        public bool BeganAnew => from?.Delta is not null;

        public ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
        {
            if (_next < _files.Length && _entries++ >= breakAfter)
                throw new HostupException(HostupErrors.Link, "cannot read the image", "connection reset", "check the link");
            Place = _next == _files.Length ? new TreePlace(1, 0) : new TreePlace(0, _next);
            if (_next == _files.Length)
                return ValueTask.FromResult<TreeEntry?>(null);
            var (path, bytes) = _files[_next++];
            _content = source.Corrupts && _next == _files.Length ? [.. bytes.Select(b => (byte)~b)] : bytes;
            _at = 0;
            return ValueTask.FromResult<TreeEntry?>(new TreeEntry { Path = TreePath.Parse(path), Kind = TreeEntryKind.File, Mode = 420, Size = _content.Length });
        }

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
        {
            int count = Math.Min(buffer.Length, _content.Length - _at);
            _content.AsMemory(_at, count).CopyTo(buffer);
            _at += count;
            source._received += count;
            return ValueTask.FromResult(count);
        }

        public ValueTask SkipAsync(long bytes, CancellationToken ct)
        {
            _at += (int)bytes;
            return default;
        }

        public ValueTask DisposeAsync() => default;
    }

    private bool Corrupts => corrupt;
}
