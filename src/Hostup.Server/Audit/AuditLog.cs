using Hostup.Core.Errors;
using Hostup.Server.Database;

namespace Hostup.Server.Audit;

/// <summary>
/// Writes down what the request at hand does. An entry belongs into the transaction of the act: then there is no act without its entry, and no entry without its act.
/// </summary>
internal sealed class AuditLog(HostupDb db, TimeProvider time)
{
    /// <summary>Outcome of what was carried out.</summary>
    public const string Done = "done";

    /// <summary>From outside: longer ones say nothing more.</summary>
    private const int MaxTextLength = 1000;

    private (string Organisation, string Who, string Act, string Address)? _request;

    /// <summary>Says who does what in this request, before it is done.</summary>
    public void Begin(string organisation, string who, string act, HttpContext context) =>
        _request = (organisation, who, act, context.Connection.RemoteIpAddress?.ToString() ?? "");

    /// <summary>It is done; saved with whatever else waits to be saved. Whoever has changed rows otherwise calls this in the same transaction.</summary>
    /// <param name="subject">What it was done to.</param>
    /// <param name="detail">What else is good to know; null: nothing.</param>
    /// <param name="ct">Cancels.</param>
    public Task AddAsync(string subject, string? detail, CancellationToken ct) => AddAsync(subject, Done, detail, ct);

    /// <summary>It was refused: nothing of it was done.</summary>
    public Task RefuseAsync(string path, HostupException e)
    {
        // what the act had prepared is not to be saved with this
        db.ChangeTracker.Clear();
        return AddAsync(path, e.Code.Id, $"{e.What}: {e.Why}", CancellationToken.None);
    }

    private async Task AddAsync(string subject, string outcome, string? detail, CancellationToken ct)
    {
        var (organisation, who, act, address) = _request ?? throw new InvalidOperationException($"bug: nobody has begun what is done to {subject}");
        db.Audit.Add(new AuditRow
        {
            OrganisationId = organisation,
            At = time.GetUtcNow(),
            Who = who,
            Address = address,
            Act = act,
            Subject = Bounded(subject),
            Outcome = outcome,
            Detail = detail is null ? null : Bounded(detail),
        });
        await db.SaveChangesAsync(ct);
    }

    private static string Bounded(string text) => text[..Math.Min(text.Length, MaxTextLength)];
}

/// <summary>What the audit log calls an endpoint.</summary>
internal sealed record AuditedAct(string Name);

internal static class AuditedActConventions
{
    /// <summary>Says what the audit log calls this endpoint; each endpoint of operators that changes something has a name.</summary>
    public static T Audited<T>(this T builder, string name) where T : IEndpointConventionBuilder => builder.WithMetadata(new AuditedAct(name));
}
