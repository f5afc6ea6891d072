using System.Security.Cryptography;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Oci.Layouts;

namespace Hostup.Server.Blobs;

/// <summary>Content by digest, one file each below <c>blobs/sha256/</c>. A blob that is there is whole; its content is never changed.</summary>
/// <remarks>Thread-safe. Nothing is held in memory: content goes through one buffer.</remarks>
internal sealed class BlobStore
{
    /// <summary>A copy buffer: large enough that system calls do not count, small enough for the ordinary heap.</summary>
    private const int BufferBytes = 80 << 10;

    /// <summary>Held while a blob appears, is renewed or deleted: what was found too old to keep may be sent again in the same moment.</summary>
    private readonly Lock _deleting = new();

    private readonly string _blobs;
    private readonly string _uploads;

    public BlobStore(string dataDirectory)
    {
        _blobs = FolderIn(dataDirectory);
        _uploads = Path.Combine(dataDirectory, "uploads");
        Directory.CreateDirectory(_blobs);
        Directory.CreateDirectory(_uploads);
    }

    /// <summary>Where a data directory has a blob, or would have it.</summary>
    public static string PathIn(string dataDirectory, Digest digest) => Path.Combine(FolderIn(dataDirectory), digest.Hex[..2], digest.Hex);

    /// <summary>Where the blob's file is, or null when the store does not have it.</summary>
    public string? Find(Digest digest) => PathOf(digest) is var path && File.Exists(path) ? path : null;

    /// <summary>Bytes of a blob; null when the store does not have it.</summary>
    public long? SizeOf(Digest digest) => new FileInfo(PathOf(digest)) is { Exists: true } file ? file.Length : null;

    /// <summary>Keeps small content; durable when it returns.</summary>
    public async Task<Digest> AddAsync(ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        string upload = StartUpload();
        await AppendAsync(upload, new MemoryStream(content.ToArray()), 0, ct);
        return await FinishAsync(upload, Digest.Of(content.Span), ct);
    }

    /// <summary>All bytes of a small blob.</summary>
    /// <exception cref="HostupException"><c>not-found</c> when the store does not have it.</exception>
    public async Task<byte[]> ReadAsync(Digest digest, CancellationToken ct) =>
        await File.ReadAllBytesAsync(Find(digest) ?? throw Missing(digest), ct);

    /// <summary>Begins an upload that may come in parts and outlives this process.</summary>
    public string StartUpload()
    {
        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        StartUpload(id);
        return id;
    }

    /// <summary>Begins one of a given id: 32 lower-case hexadecimal digits that nobody can guess.</summary>
    public void StartUpload(string id) => File.Create(UploadPath(id)).Dispose();

    /// <summary>Bytes that an upload has so far; null when there is none of that id.</summary>
    public long? UploadSize(string id) =>
        id.Length == 32 && id.All(char.IsAsciiHexDigitLower) && new FileInfo(UploadPath(id)) is { Exists: true } file ? file.Length : null;

    /// <summary>Adds a part.</summary>
    /// <param name="id">The upload.</param>
    /// <param name="content">The part; read to its end.</param>
    /// <param name="offsetBytes">Where the part begins; null: at the end of what is there.</param>
    /// <param name="ct">Stops; what arrived stays and counts.</param>
    /// <returns>Bytes the upload has now.</returns>
    public async Task<long> AppendAsync(string id, Stream content, long? offsetBytes, CancellationToken ct)
    {
        long size = UploadSize(id) ?? throw NoUpload(id);
        if (offsetBytes is { } offset && offset != size)
            throw new HostupException(HostupErrors.Conflict, $"cannot add to upload {id}", $"the part begins at byte {offset}, the upload has {size}", "ask for the upload's range and continue there");
        await using var file = OpenUpload(id, FileMode.Append, FileAccess.Write);
        await content.CopyToAsync(file, BufferBytes, ct);
        return file.Position;
    }

    /// <summary>Makes an upload a blob; durable when it returns. The upload is gone, also when its digest is wrong.</summary>
    /// <exception cref="HostupException"><c>digest-mismatch</c> when it does not hold what the digest says.</exception>
    public async Task<Digest> FinishAsync(string id, Digest digest, CancellationToken ct)
    {
        if (UploadSize(id) is null)
            throw NoUpload(id);
        try
        {
            return await KeepAsync(UploadPath(id), () => OpenUpload(id, FileMode.Open, FileAccess.ReadWrite), digest, ct);
        }
        catch (HostupException e) when (e.Code == HostupErrors.DigestMismatch)
        {
            DropUpload(id);
            throw;
        }
    }

    /// <summary>Makes a file of the data directory a blob; durable when it returns. The file is gone then.</summary>
    /// <exception cref="HostupException"><c>digest-mismatch</c> when it does not hold what the digest says.</exception>
    public Task<Digest> TakeAsync(string file, Digest digest, CancellationToken ct) =>
        KeepAsync(file, () => new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None, BufferBytes, FileOptions.Asynchronous), digest, ct);

    /// <summary>Ends an upload; nothing is kept.</summary>
    public void DropUpload(string id)
    {
        if (UploadSize(id) is not null)
            File.Delete(UploadPath(id));
    }

    /// <summary>Ends the uploads that nobody added to since a moment.</summary>
    public void DropUploadsBefore(DateTimeOffset moment)
    {
        foreach (var file in new DirectoryInfo(_uploads).EnumerateFiles().Where(f => f.LastWriteTimeUtc < moment.UtcDateTime))
            file.Delete();
    }

    /// <summary>Every blob, in no order. Those that come or go meanwhile may be among them.</summary>
    public IEnumerable<StoredBlob> All() => Files(_blobs);

    /// <summary>Every blob of a data directory in which nothing is made.</summary>
    public static IEnumerable<StoredBlob> AllIn(string dataDirectory) => Files(FolderIn(dataDirectory));

    private static IEnumerable<StoredBlob> Files(string folder)
    {
        if (!Directory.Exists(folder))
            yield break;
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            if (file.Exists && Digest.TryParse($"sha256:{file.Name}", out var digest))
                yield return new StoredBlob(digest, file.Length, file.LastWriteTimeUtc);
        }
    }

    /// <summary>Says that something is about to refer to a blob: from now on it is as old as one that was just sent.</summary>
    /// <returns>False: the store does not have it.</returns>
    public bool Renew(Digest digest)
    {
        lock (_deleting)
        {
            if (Find(digest) is not { } path)
                return false;
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
            return true;
        }
    }

    /// <summary>Deletes a blob that was neither sent nor renewed since a moment.</summary>
    /// <returns>False: it was, or the store does not have it.</returns>
    public bool DeleteOlder(Digest digest, DateTimeOffset moment)
    {
        lock (_deleting)
        {
            var file = new FileInfo(PathOf(digest));
            if (!file.Exists || file.LastWriteTimeUtc >= moment.UtcDateTime)
                return false;
            file.Delete();
            return true;
        }
    }

    /// <summary>Throws when nothing can be written.</summary>
    public void Probe()
    {
        string id = StartUpload();
        DropUpload(id);
    }

    private async Task<Digest> KeepAsync(string file, Func<FileStream> open, Digest digest, CancellationToken ct)
    {
        Digest actual;
        await using (var content = open())
        {
            actual = Digest.FromHash(await SHA256.HashDataAsync(content, ct));
            FileFlush.ToDisk(content);
        }
        if (actual != digest)
            throw new HostupException(HostupErrors.DigestMismatch, $"cannot keep blob {digest}", $"the content has digest {actual}", "send the content again");
        string path = PathOf(digest);
        string folder = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(folder);
        lock (_deleting)
        {
            // an upload may have waited for its end
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow);
            File.Move(file, path, overwrite: true);
        }
        FileFlush.Directory(folder);
        FileFlush.Directory(_blobs);
        return digest;
    }

    private string PathOf(Digest digest) => Path.Combine(_blobs, digest.Hex[..2], digest.Hex);

    private static string FolderIn(string dataDirectory) => Path.Combine(dataDirectory, "blobs", "sha256");

    private string UploadPath(string id) => Path.Combine(_uploads, id);

    private FileStream OpenUpload(string id, FileMode mode, FileAccess access)
    {
        try
        {
            return new FileStream(UploadPath(id), mode, access, FileShare.None, BufferBytes, FileOptions.Asynchronous);
        }
        catch (IOException e) when (e is not FileNotFoundException)
        {
            throw new HostupException(HostupErrors.Conflict, $"cannot add to upload {id}", "another request is writing to it", "wait for that request to end", e);
        }
    }

    private static HostupException NoUpload(string id) =>
        new(HostupErrors.NotFound, $"cannot add to upload {id}", "there is none of that id", "begin a new upload");

    private static HostupException Missing(Digest digest) =>
        new(HostupErrors.NotFound, $"cannot read blob {digest}", "the server does not have it", "push the image or publish the release again");
}
