namespace Hostup.Updates.BootFiles;

/// <summary>What became of the raw areas that an update wrote, when they were brought back.</summary>
/// <param name="Restored">Areas that had to be restored, as <c>MEDIUM:OFFSET</c>.</param>
/// <param name="Lost">Which ones cannot be brought back for good, why, and what to do; null: none.</param>
public sealed record RestoredAreas(IReadOnlyList<string> Restored, string? Lost);
