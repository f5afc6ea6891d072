namespace Hostup.Core.Wire;

/// <summary>GET /api/v1/audit: something that somebody did or tried to do. Entries are never changed and never removed.</summary>
/// <param name="Id">Grows with time; value of <c>?after=</c>.</param>
/// <param name="At">When.</param>
/// <param name="Who">Id of the key or user that asked.</param>
/// <param name="Name">Description of the key, or name of the user.</param>
/// <param name="Address">Where the request came from.</param>
/// <param name="Act">What, as <c>device.retire</c>.</param>
/// <param name="Subject">To what; when it was refused, the address that was asked for.</param>
/// <param name="Outcome"><c>done</c>, or the code of the error.</param>
/// <param name="Detail">More in words; null: nothing more.</param>
public sealed record AuditEntry(long Id, DateTimeOffset At, string Who, string Name, string Address, string Act, string Subject, string Outcome, string? Detail);
