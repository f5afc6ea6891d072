namespace Hostup.Lab.Cache;

/// <summary>An exclusive claim between processes, held through an open file; the kernel gives it back when the process ends.</summary>
public sealed class FileClaim : IAsyncDisposable
{
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(25);
    private readonly FileStream _stream;

    private FileClaim(FileStream stream) => _stream = stream;

    /// <summary>Waits until nobody else holds the claim of that file and takes it.</summary>
    public static async Task<FileClaim> TakeAsync(string path, CancellationToken ct)
    {
        while (true)
        {
            ct.ThrowIfCancellationRequested();
            try
            {
                return new FileClaim(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException)
            {
                await Task.Delay(Again, ct);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
