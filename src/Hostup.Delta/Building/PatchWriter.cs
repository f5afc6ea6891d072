using Hostup.Delta.Format;
using Hostup.Delta.Patching;
using Hostup.Delta.Prediction;

namespace Hostup.Delta.Building;

/// <summary>Writes a part of a patch into the streams of a frame, with predicted references where that leaves fewer differences.</summary>
internal sealed class PatchWriter(ByteSink makings, Func<FrameStreams, ByteSink> stream)
{
    private readonly byte[] _block = new byte[ReferencePredictor.BlockBytes];

    /// <param name="patch">The patch.</param>
    /// <param name="from">Where in its content the part begins.</param>
    /// <param name="end">Where it ends.</param>
    /// <param name="like">What indexes of sources are counted from.</param>
    public void Put(FilePatch patch, int from, int end, int like)
    {
        PutHow(patch);
        makings.PutNumber(patch.Sources.Count);
        foreach (var source in patch.Sources)
            source.Write(makings, like);
        var pieces = patch.PiecesOf(from, end).ToList();
        if (pieces.Count > DeltaLimits.Pieces)
            pieces = [new PatchPiece(0, 0, end - from)];
        var predictor = Predictor(patch, pieces, from);
        byte[] differences = Differences(patch, pieces, from, null);
        if (predictor is not null && Differences(patch, pieces, from, predictor) is var predicted && Cost(predicted) < Cost(differences))
            differences = predicted;
        else
            predictor = null;
        makings.PutNumber(predictor is null ? (int)ProgramModel.None : (int)patch.OldLayout!.Model);
        if (predictor is not null)
            patch.TargetLayout!.Write(makings);
        makings.PutNumber(pieces.Count);
        stream(FrameStreams.Differences).Put(differences);
        PutPieces(patch, pieces, from);
    }

    private void PutHow(FilePatch patch)
    {
        if (patch.Repacking is not { } repacking)
        {
            makings.PutNumber((int)Making.Patch);
            return;
        }
        makings.PutNumber((int)Making.Repack);
        repacking.Packing.Write(makings);
        makings.PutNumber(repacking.Packed.Range.Start);
        makings.PutNumber(repacking.TailBytes);
        makings.PutNumber(patch.Length);
    }

    private void PutPieces(FilePatch patch, List<PatchPiece> pieces, int at)
    {
        long expected = 0;
        foreach (var piece in pieces)
        {
            stream(FrameStreams.Alike).PutNumber(piece.Alike);
            stream(FrameStreams.Fresh).PutNumber(piece.Fresh);
            long position = patch.OldOffset + piece.OldPosition;
            if (piece.Alike > 0)
            {
                stream(FrameStreams.Jumps).PutSigned(position - expected);
                expected = position + piece.Alike;
            }
            stream(FrameStreams.FreshBytes).Put(patch.Target.Slice(at + piece.Alike, piece.Fresh));
            at += piece.Alike + piece.Fresh;
        }
    }

    private static ReferencePredictor? Predictor(FilePatch patch, List<PatchPiece> pieces, int from) => patch is { OldLayout: { Model: not ProgramModel.None } old, TargetLayout: { } target }
        ? new ReferencePredictor(old.Model, new PieceMap([.. pieces.Select(p => p with { OldPosition = p.OldPosition + patch.OldOffset })], patch.TargetOffset + from), old, target)
        : null;

    private byte[] Differences(FilePatch patch, List<PatchPiece> pieces, int at, ReferencePredictor? predictor)
    {
        byte[] differences = new byte[pieces.Sum(p => p.Alike)];
        int done = 0;
        foreach (var piece in pieces)
        {
            for (int i = 0; i < piece.Alike;)
            {
                var block = _block.AsSpan(0, Math.Min(_block.Length, piece.Alike - i));
                patch.Old.Slice((int)piece.OldPosition + i, block.Length).CopyTo(block);
                predictor?.Predict(block, patch.OldOffset + piece.OldPosition + i, patch.TargetOffset + at + i);
                for (int j = 0; j < block.Length; j++)
                    differences[done++] = (byte)(patch.Target[at + i + j] - block[j]);
                i += block.Length;
            }
            at += piece.Alike + piece.Fresh;
        }
        return differences;
    }

    /// <summary>Bytes that differ, and runs of them: each run costs its place too.</summary>
    private static int Cost(byte[] differences)
    {
        int cost = 0;
        byte before = 0;
        foreach (byte difference in differences)
        {
            cost += difference == 0 ? 0 : before == 0 ? 2 : 1;
            before = difference;
        }
        return cost;
    }
}
