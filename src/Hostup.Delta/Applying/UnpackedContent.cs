using Hostup.Delta.Format;
using Hostup.Delta.Members;
using Microsoft.Win32.SafeHandles;

namespace Hostup.Delta.Applying;

/// <summary>An old file with its packed part unpacked, in a temporary file without a name.</summary>
internal sealed class UnpackedContent : IDeltaContent
{
    private readonly SafeFileHandle _file;

    /// <exception cref="Core.Errors.HostupException"><c>delta-old</c> when it cannot be unpacked.</exception>
    public UnpackedContent(IDeltaContent packed, PackedRange range, string folder)
    {
        if (range.Start > packed.Length || range.Length > packed.Length - range.Start)
            throw DeltaErrors.WrongOld("an old file is shorter than it was");
        if (PackedFile.LibraryOf(range.Kind) is null)
            throw DeltaErrors.WrongOld($"this system has no library to unpack {range.Kind}");
        string name = Path.Combine(folder, DeltaPlace.TemporaryName);
        // Whatever bears the name, also a link of the new tree, is no place to write to.
        File.Delete(name);
        _file = File.OpenHandle(name, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        File.Delete(name);
        try
        {
            Copy(packed, 0, range.Start);
            if (range.Kind == PackingKind.Lz4)
                Lz4Packer.Unpack(packed, range, Append);
            else if (!ZstdPacker.Unpack(packed, range, Append))
                throw DeltaErrors.WrongOld("something packed in an old file cannot be unpacked");
            Copy(packed, range.Start + range.Length, packed.Length);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    public long Length { get; private set; }

    public void Read(long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int read = RandomAccess.Read(_file, buffer, offset);
            if (read == 0)
                throw DeltaErrors.WrongOld("a temporary file became shorter");
            buffer = buffer[read..];
            offset += read;
        }
    }

    public void Dispose() => _file.Dispose();

    private void Copy(IDeltaContent packed, long from, long end)
    {
        byte[] part = new byte[64 << 10];
        for (; from < end; from += part.Length)
        {
            var some = part.AsSpan(0, (int)Math.Min(part.Length, end - from));
            packed.Read(from, some);
            Append(some);
        }
    }

    private void Append(ReadOnlySpan<byte> part)
    {
        RandomAccess.Write(_file, part, Length);
        Length += part.Length;
    }
}
