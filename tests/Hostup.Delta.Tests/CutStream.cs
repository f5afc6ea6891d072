namespace Hostup.Delta.Tests;

/// <summary>A delta whose link breaks after so many bytes.</summary>
internal sealed class CutStream(byte[] content, long cutAfter) : MemoryStream(content)
{
    public long Served { get; private set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int wanted = (int)Math.Min(buffer.Length, cutAfter - Served);
        if (wanted == 0 && !buffer.IsEmpty)
            throw new IOException("the link broke");
        int read = await base.ReadAsync(buffer[..wanted], cancellationToken);
        Served += read;
        return read;
    }
}
