namespace Hostup.Delta;

/// <summary>Content of one file that can be read at any place.</summary>
public interface IDeltaContent : IDisposable
{
    /// <summary>Bytes of the file, holes included.</summary>
    long Length { get; }

    /// <summary>Fills the buffer from a place inside the file.</summary>
    /// <exception cref="Core.Errors.HostupException"><c>delta-old</c> when the file ends before the buffer is full.</exception>
    void Read(long offset, Span<byte> buffer);
}
