using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Delta.Format;
using Hostup.Delta.Listing;
using Hostup.Delta.Repair;

namespace Hostup.Delta.Applying;

/// <summary>The contents of files without the frame that makes them, one file after another.</summary>
internal sealed class LiteralFiles : IAsyncDisposable
{
    /// <summary>Headers and small entries between two files: less than what it costs to begin anew.</summary>
    private const long NearBytes = 8 << 10;

    private readonly IDeltaTree _old;
    private readonly IReadOnlyList<ListedEntry> _entries;
    private readonly DeltaRepairs _repairs;
    private readonly int[] _numbers;
    private IDeltaContent? _content;
    private long _position;
    private IPlacedTreeReader? _image;
    private TreePlace? _imageEnd;

    /// <param name="old">The tree that the delta is applied to.</param>
    /// <param name="entries">The listing of the new one.</param>
    /// <param name="repairs">Where contents are.</param>
    /// <exception cref="HostupException"><c>bad-delta</c>: the list of repairs was made for another tree.</exception>
    public LiteralFiles(IDeltaTree old, IReadOnlyList<ListedEntry> entries, DeltaRepairs repairs)
    {
        (_old, _entries, _repairs, _numbers) = (old, entries, repairs, new int[entries.Count]);
        int files = 0;
        for (int i = 0; i < entries.Count; i++)
            _numbers[i] = entries[i].Entry.Kind == TreeEntryKind.File ? files++ : -1;
        if (files != repairs.List.Count || ListingCheck.Of(entries.Select(e => e.Entry)) != repairs.List.Listing)
            throw DeltaErrors.Bad("its repair list is of another tree");
    }

    /// <summary>Whether a file is being read.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Opens a file.</summary>
    /// <param name="entry">Its index in the new listing.</param>
    /// <param name="from">First byte wanted.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="HostupException"><c>bad-delta</c> when it cannot be had so; the codes of the image.</exception>
    public async ValueTask OpenAsync(int entry, long from, CancellationToken ct)
    {
        var listed = _entries[entry];
        var file = _repairs.List[_numbers[entry]];
        _content = listed.Framed ? null : OpenOld(listed, file.Check);
        _position = from;
        if (_content is null)
            await FindAsync(listed.Entry, file.Place ?? throw DeltaErrors.Bad($"the image has no place at which {listed.Entry.Path} can be begun"), from, ct).ConfigureAwait(false);
        IsOpen = true;
    }

    /// <summary>Reads on, as long as there is anything.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
    {
        if (_content is null)
            return await _image!.ReadAsync(buffer, ct).ConfigureAwait(false);
        int count = (int)Math.Min(buffer.Length, _content.Length - _position);
        _content.Read(_position, buffer.Span[..count]);
        _position += count;
        return count;
    }

    /// <summary>No more is wanted of the file.</summary>
    public void Close()
    {
        _content?.Dispose();
        (_content, IsOpen) = (null, false);
    }

    public async ValueTask DisposeAsync()
    {
        Close();
        await CloseImageAsync().ConfigureAwait(false);
    }

    /// <summary>The old file, when it can be read and is what it was.</summary>
    private IDeltaContent? OpenOld(ListedEntry listed, ulong check)
    {
        IDeltaContent? content = null;
        try
        {
            content = listed.Like < _old.Entries.Count && _old.Entries[listed.Like].Kind == TreeEntryKind.File ? _old.Open(listed.Like) : null;
            if (content?.Length == listed.Entry.Size && ContentCheck.Of(content) == check)
                return content;
        }
        catch (Exception e) when (e is IOException || (e as HostupException)?.Code == HostupErrors.DeltaOld)
        {
            // It is fetched in its place.
        }
        content?.Dispose();
        return null;
    }

    private async ValueTask FindAsync(TreeEntry wanted, TreePlace place, long from, CancellationToken ct)
    {
        if (_image is null || _imageEnd is not { } end || end.Layer != place.Layer || place.Offset - end.Offset is < 0 or > NearBytes)
        {
            await CloseImageAsync().ConfigureAwait(false);
            _image = _repairs.Open(place);
        }
        _imageEnd = null;
        TreeEntry? found;
        do
            found = await _image.NextAsync(ct).ConfigureAwait(false);
        while (found is not null && _image.Place is { } at && at.Layer == place.Layer && at.Offset < place.Offset);
        if (found is not { Kind: TreeEntryKind.File } || found.Size != wanted.Size || _image.Place != place)
            throw DeltaErrors.Bad($"its repair list does not lead to the content of {wanted.Path}");
        await _image.SkipAsync(from, ct).ConfigureAwait(false);
        _imageEnd = place with { Offset = place.Offset + found.Size };
    }

    private async ValueTask CloseImageAsync()
    {
        if (_image is not null)
            await _image.DisposeAsync().ConfigureAwait(false);
        (_image, _imageEnd) = (null, null);
    }
}
