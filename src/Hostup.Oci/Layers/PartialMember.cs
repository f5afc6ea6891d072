using Hostup.Core;
using Hostup.Core.Releases;

namespace Hostup.Oci.Layers;

/// <summary>
/// The beginning of a member whose transfer broke off, kept for the next try, with whatever source of the same image: on a link that breaks
/// every few seconds no member would ever come whole. Not checked; the member's digest is, when it is whole.
/// </summary>
/// <remarks>For one reader at a time. Memory: one member.</remarks>
public sealed class PartialMember
{
    private readonly byte[] _bytes = new byte[LayerMember.MaxSize];
    private Digest? _member;
    private int _count;

    internal void Keep(Digest member, ReadOnlySpan<byte> begin)
    {
        begin.CopyTo(_bytes);
        (_member, _count) = (member, begin.Length);
    }

    /// <summary>Gives back what was kept of a member, and keeps it no longer.</summary>
    /// <returns>Bytes copied; zero: nothing of this member was kept.</returns>
    internal int Take(Digest member, Span<byte> into)
    {
        if (_member != member)
            return 0;
        _bytes.AsSpan(0, _count).CopyTo(into);
        _member = null;
        return _count;
    }
}
