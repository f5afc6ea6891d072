namespace Hostup.Server.Audit;

/// <summary>Something that somebody did or tried to do. Rows are only added: the database refuses anything else.</summary>
internal sealed class AuditRow
{
    public long Id { get; set; }
    public required string OrganisationId { get; set; }
    public DateTimeOffset At { get; set; }

    /// <summary>Id of the key or of the user.</summary>
    public required string Who { get; set; }

    /// <summary>Where the request came from.</summary>
    public required string Address { get; set; }

    /// <summary>What was done, as <c>device.retire</c>.</summary>
    public required string Act { get; set; }

    /// <summary>What it was done to, as <c>device 0123...</c>; when it was refused, the address that was asked for.</summary>
    public required string Subject { get; set; }

    /// <summary><c>done</c>, or the code of the error.</summary>
    public required string Outcome { get; set; }

    public string? Detail { get; set; }
}
