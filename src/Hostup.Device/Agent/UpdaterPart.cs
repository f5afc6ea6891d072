using Hostup.Core.Errors;
using Hostup.Oci.Layouts;

namespace Hostup.Device.Agent;

/// <summary>What has arrived of an updater: a file that outlives the process, so that a transfer goes on where it broke. Never longer than the program.</summary>
internal sealed class UpdaterPart : IAsyncDisposable
{
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(60);

    private readonly FileStream _file;
    private readonly long _size;

    /// <param name="path">The file.</param>
    /// <param name="size">Bytes of the program.</param>
    public UpdaterPart(string path, long size)
    {
        _size = size;
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write);
        if (_file.Length > size)
            Clear();
        _file.Seek(0, SeekOrigin.End);
    }

    /// <summary>Bytes that are there.</summary>
    public long Length => _file.Position;

    /// <summary>Whether nothing is missing.</summary>
    public bool IsWhole => Length == _size;

    /// <summary>Bytes that a file has of a program; zero: there is none.</summary>
    public static long LengthOf(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    /// <summary>Nothing is there.</summary>
    public void Clear() => _file.SetLength(0);

    /// <summary>Takes what is missing, or all that there is: the digest tells. A link that gives nothing for a minute is broken; what came stays.</summary>
    public async Task TakeAsync(Stream body, CancellationToken ct)
    {
        byte[] buffer = new byte[64 << 10];
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(ct);
        try
        {
            while (!IsWhole)
            {
                stall.CancelAfter(Stall);
                int count = await body.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, _size - Length)), stall.Token).ConfigureAwait(false);
                if (count == 0)
                    break;
                await _file.WriteAsync(buffer.AsMemory(0, count), ct).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw new HostupException(HostupErrors.Link, "cannot fetch the updater", $"{_size - Length} bytes before its end: {e.Message}", "check the link and the space on the data partition; it goes on where it broke", e);
        }
    }

    /// <summary>Makes it durable.</summary>
    public async ValueTask DisposeAsync()
    {
        FileFlush.ToDisk(_file);
        await _file.DisposeAsync().ConfigureAwait(false);
    }
}
