using Hostup.Core;
using Hostup.Core.Releases;

namespace Hostup.Oci.Layers;

/// <summary>
/// The members that a reader holds: the one that is inflated, the one that arrives, and the one with the header of the file that both are in the
/// middle of. They stay for the next reader of the same image,
/// from whatever source: on a link that breaks every few seconds no member would ever come whole. What is partly there is not checked;
/// the member's digest is, when it is whole.
/// </summary>
/// <remarks>For one reader at a time. Memory: three members.</remarks>
public sealed class MemberBuffers
{
    private readonly Slot[] _slots = [new(), new(), new()];
    private long _uses;

    /// <summary>The buffer that holds a member, or its beginning, or is free for it.</summary>
    /// <param name="member">The member.</param>
    /// <param name="inUse">The one that must stay as it is.</param>
    internal Slot For(Digest member, Slot? inUse)
    {
        var slot = _slots.FirstOrDefault(s => s.Member == member) ?? _slots.Where(s => s != inUse).MinBy(s => s.LastUse)!;
        if (slot.Member != member)
            (slot.Member, slot.Count) = (member, 0);
        slot.LastUse = ++_uses;
        return slot;
    }

    /// <summary>One buffer.</summary>
    internal sealed class Slot
    {
        public byte[] Bytes { get; } = new byte[LayerMember.MaxSize];

        public Digest? Member { get; set; }

        public long LastUse { get; set; }

        /// <summary>Bytes of the member that are there.</summary>
        public int Count { get; set; }
    }
}
