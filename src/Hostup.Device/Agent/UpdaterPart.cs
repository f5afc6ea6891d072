using Hostup.Core.Errors;
using Hostup.Oci.Layouts;

namespace Hostup.Device.Agent;

/// <summary>What has arrived of an updater: a file that outlives the process, so that a transfer goes on where it broke. Never longer than the program.</summary>
internal sealed class UpdaterPart : IAsyncDisposable
{
    private readonly FileStream _file;
    private readonly long _size;

    /// <param name="path">The file.</param>
    /// <param name="size">Bytes of the program.</param>
    public UpdaterPart(string path, long size)
    {
        _size = size;
        // Without a buffer: what a place did not take must not be tried again by whoever closes the file.
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
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

    /// <summary>Takes what is missing, or all that there is: the digest tells. What came over a link that broke stays.</summary>
    /// <exception cref="HostupException"><c>link</c>: it goes on where it broke.</exception>
    /// <exception cref="IOException">The place takes no write.</exception>
    public async Task TakeAsync(ServerBody body, CancellationToken ct)
    {
        byte[] buffer = new byte[64 << 10];
        while (!IsWhole && await body.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, _size - Length)), ct).ConfigureAwait(false) is > 0 and var count)
            await _file.WriteAsync(buffer.AsMemory(0, count), ct).ConfigureAwait(false);
    }

    /// <summary>Whether what is missing may still be received.</summary>
    /// <exception cref="HostupException"><c>byte-budget</c>.</exception>
    public void RequireWithin(long mostBytes)
    {
        if (_size - Length > mostBytes)
            throw new HostupException(HostupErrors.ByteBudget, "cannot fetch the updater", $"{new ByteCount(_size - Length)} of it are missing and {new ByteCount(Math.Max(0, mostBytes))} are left of the attempt's budget", "start the update again with a larger budget");
    }

    /// <summary>Makes it durable.</summary>
    /// <exception cref="IOException">The medium did not take all of it.</exception>
    public void Keep() => FileFlush.ToDisk(_file);

    /// <summary>What came over a link that broke is kept too, where that can be: it is worth a try and no error of its own.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            Keep();
        }
        catch (IOException)
        {
            // The digest tells later what is there.
        }
        finally
        {
            await _file.DisposeAsync().ConfigureAwait(false);
        }
    }
}
