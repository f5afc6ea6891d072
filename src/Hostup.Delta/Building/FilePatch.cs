using Hostup.Delta.Patching;
using Hostup.Delta.Prediction;

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

    /// <param name="sources">Where old bytes come from; none: all is new.</param>
    /// <param name="old">The part of their content that is used.</param>
    /// <param name="oldOffset">Where that part begins in them, one after another.</param>
    /// <param name="target">The new content.</param>
    /// <param name="targetOffset">Where in the file it begins.</param>
    /// <param name="pieces">How it is made; null: that is found here.</param>
    /// <param name="repacking">How it is packed afterwards; null: it is the file.</param>
    public FilePatch(IReadOnlyList<PatchSource> sources, byte[] old, long oldOffset, byte[] target, long targetOffset, IReadOnlyList<PatchPiece>? pieces = null, Repacking? repacking = null)
    {
        (Sources, _old, OldOffset, _target, TargetOffset, Repacking) = (sources, old, oldOffset, target, targetOffset, repacking);
        _pieces = pieces ?? (old.Length == 0 ? [new PatchPiece(0, 0, target.Length)] : new PatchMaker(new OldContent(old, old.Length)).Make(target));
        _costs = Costs();
    }

    public IReadOnlyList<PatchSource> Sources { get; }

    /// <summary>How the content is packed after it was made; null: it is the file.</summary>
    public Repacking? Repacking { get; }

    public long OldOffset { get; }

    public long TargetOffset { get; }

    /// <summary>What is mapped where, of old and new; null: not known here.</summary>
    public ElfLayout? OldLayout => OldOffset == 0 ? ElfLayout.Parse(_old.AsSpan(0, Math.Min(_old.Length, ElfLayout.HeadBytes))) : null;

    public ElfLayout? TargetLayout => TargetOffset == 0 ? ElfLayout.Parse(_target.AsSpan(0, Math.Min(_target.Length, ElfLayout.HeadBytes))) : null;

    /// <summary>It is not cut: a cut costs what is known of the other half, and a frame can take so much beyond its end.</summary>
    public bool IsSmall => Repacking is not null || (_target.Length <= 16 * UnitBytes && _costs.Sum() <= 2 * UnitBytes);

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
