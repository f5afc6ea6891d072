namespace Hostup.Updates.Ports;

/// <summary>The media that boot loaders lie on outside of every file system: <c>disk</c>, <c>boot0</c> and <c>boot1</c>.</summary>
/// <remarks>Methods throw <see cref="IOException"/>; callers say what it means.</remarks>
public interface IBootMedia
{
    /// <summary>Why nothing may be written there: no such medium, beyond its end, in a partition or in the partition table; null: it may.</summary>
    string? FaultOf(string medium, long offsetBytes, long length);

    /// <summary>Digest of what lies there, read from the medium.</summary>
    Digest Hash(string medium, long offsetBytes, long length);

    /// <summary>Writes what lies there into a file. The file is not durable before it is flushed.</summary>
    void CopyTo(string medium, long offsetBytes, long length, string file);

    /// <summary>Writes a file's content there. Not durable before <see cref="Flush"/>; a power cut leaves any mixture of old and new sectors.</summary>
    void CopyFrom(string file, string medium, long offsetBytes);

    /// <summary>What was written to a medium survives a power cut once this returns.</summary>
    void Flush(string medium);
}
