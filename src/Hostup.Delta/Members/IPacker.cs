namespace Hostup.Delta.Members;

/// <summary>Packs a stream of known length, on demand.</summary>
internal interface IPacker : IDisposable
{
    /// <summary>Gives the next packed bytes; zero at the end.</summary>
    int Read(Span<byte> buffer);
}

/// <summary>Gives at least one of the next bytes to pack.</summary>
internal delegate int PackerInput(Span<byte> buffer);
