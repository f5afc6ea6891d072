using System.Collections;
using Hostup.Server.Access;

namespace Hostup.Server.Monitoring;

/// <summary>
/// What every line that is logged for a request says beside its text: who asked, the device when one did, the attempt that the address names. It is looked up when a line is written: who asks is not known
/// when the request arrives.
/// </summary>
internal sealed class RequestFields(HttpContext context) : IReadOnlyList<KeyValuePair<string, object?>>
{
    /// <inheritdoc/>
    public int Count => Fields().Count;

    /// <inheritdoc/>
    public KeyValuePair<string, object?> this[int index] => Fields()[index];

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => Fields().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The request, for formats without fields.</summary>
    public override string ToString() => context.TraceIdentifier;

    private List<KeyValuePair<string, object?>> Fields()
    {
        List<KeyValuePair<string, object?>> fields = [new("Request", context.TraceIdentifier)];
        if (context.Features.Get<Caller>() is { } caller)
            fields.Add(new(caller.Kind == CallerKind.Device ? "Device" : "Caller", caller.Id));
        if (context.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: { } pattern } && pattern.Contains("/attempts/{id}", StringComparison.Ordinal))
            fields.Add(new("Attempt", context.Request.RouteValues["id"]));
        return fields;
    }
}
