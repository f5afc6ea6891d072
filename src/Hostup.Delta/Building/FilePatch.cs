using Hostup.Delta.Patching;

namespace Hostup.Delta.Building;

/// <summary>How the content of a file, or of one part of a large one, is made, before it is cut into frames.</summary>
internal sealed class FilePatch
{
    /// <summary>Frames are cut inside a file at multiples of this; a device writes blocks of 256 KiB.</summary>
    public const int UnitBytes = 1 << 20;

    private readonly byte[] _target;
    private readonly byte[] _old;
    private readonly IReadOnlyList<PatchPiece> _pieces;
    private readonly int[] _costs;

    /// <param name="sources">Indexes of old files; none: all is new.</param>
    /// <param name="old">The part of their content that is used.</param>
    /// <param name="oldOffset">Where that part begins in them, one after another.</param>
    /// <param name="target">The new content.</param>
    public FilePatch(IReadOnlyList<int> sources, byte[] old, long oldOffset, byte[] target)
    {
        (Sources, _old, OldOffset, _target) = (sources, old, oldOffset, target);
        _pieces = old.Length == 0 ? [new PatchPiece(0, 0, target.Length)] : new PatchMaker(new OldContent(old, old.Length)).Make(target);
        _costs = Costs();
    }

    public IReadOnlyList<int> Sources { get; }

    public long OldOffset { get; }

    public int Length => _target.Length;

    public ReadOnlySpan<byte> Target => _target;

    public ReadOnlySpan<byte> Old => _old;

    /// <summary>Bytes of a unit that are new or differ: about what it costs in a frame at most.</summary>
    public int CostOf(int unit) => _costs[unit];

    /// <summary>The pieces that give a part of the content; positions in <see cref="Old"/>.</summary>
    public IEnumerable<PatchPiece> PiecesOf(int from, int end)
    {
        int at = 0;
        foreach (var piece in _pieces)
        {
            int fresh = at + piece.Alike, next = fresh + piece.Fresh;
            int alikeFrom = Math.Clamp(from, at, fresh), alikeEnd = Math.Clamp(end, at, fresh);
            int freshCount = Math.Clamp(end, fresh, next) - Math.Clamp(from, fresh, next);
            if (alikeEnd > alikeFrom || freshCount > 0)
                yield return new PatchPiece(piece.OldPosition + alikeFrom - at, alikeEnd - alikeFrom, freshCount);
            at = next;
        }
    }

    private int[] Costs()
    {
        int[] costs = new int[(_target.Length + UnitBytes - 1) / UnitBytes];
        int at = 0;
        foreach (var piece in _pieces)
        {
            for (int i = 0; i < piece.Alike; i++, at++)
                costs[at / UnitBytes] += _target[at] == _old[piece.OldPosition + i] ? 0 : 1;
            for (int left = piece.Fresh; left > 0;)
            {
                int part = Math.Min(left, UnitBytes - (at % UnitBytes));
                costs[at / UnitBytes] += part;
                (at, left) = (at + part, left - part);
            }
        }
        return costs;
    }
}
