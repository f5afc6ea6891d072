using Hostup.Core.Errors;
using Hostup.Delta;

namespace Hostup.Lab.Sim;

/// <summary>A file of a simulated slot that is read at any place.</summary>
public sealed class SimContent(byte[] bytes) : IDeltaContent
{
    public long Length => bytes.Length;

    public void Read(long offset, Span<byte> buffer)
    {
        if (offset + buffer.Length > bytes.Length)
            throw new HostupException(HostupErrors.DeltaOld, "cannot apply the delta", "an old file is shorter than it was", "use the whole image");
        bytes.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
    }

    public void Dispose()
    {
        // memory only
    }
}
