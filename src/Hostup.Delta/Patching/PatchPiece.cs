namespace Hostup.Delta.Patching;

/// <summary>One piece of a patch: bytes of the old content with differences added, then new bytes.</summary>
/// <param name="OldPosition">Where the old bytes begin.</param>
/// <param name="Alike">How many old bytes are taken, each with its difference.</param>
/// <param name="Fresh">How many bytes follow that have nothing alike.</param>
internal readonly record struct PatchPiece(long OldPosition, int Alike, int Fresh);
