namespace Hostup.Core.Wire;

/// <summary>What the updates of a device cost in one month.</summary>
/// <param name="Month">As 2026-05, UTC: the month in which the attempts ended, or were last heard of.</param>
/// <param name="Attempts">How many attempts told of bytes.</param>
/// <param name="Received">Bytes received for updates: all causes but application and unexplained.</param>
/// <param name="Sent">Bytes sent for updates.</param>
/// <param name="Causes">The sums of each cause, most received first.</param>
public sealed record MonthBytes(string Month, int Attempts, long Received, long Sent, IReadOnlyList<CauseBytes> Causes);
