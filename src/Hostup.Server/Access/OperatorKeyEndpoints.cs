using Hostup.Core.Errors;
using Hostup.Core.Wire;

namespace Hostup.Server.Access;

/// <summary>Keys of operators: more than one, so that one that was stolen can be made worthless without the database.</summary>
internal static class OperatorKeyEndpoints
{
    public static void MapOperatorKeys(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/operator-keys").For(CallerKind.Operator).WithTags("Operator keys");
        group.MapPost("/", Create).WithSummary("Makes a key of an operator; it is shown once");
        group.MapGet("/", List).WithSummary("Keys that still work, newest first");
        group.MapPost("/{id}/revoke", Revoke).WithSummary("Makes a key worthless; the key that asks stays");
    }

    private static async Task<OperatorKeyAnswer> Create(OperatorKeyRequest request, Keys keys, Scope scope, CancellationToken ct)
    {
        var (row, key) = await keys.CreateAsync(scope, CallerKind.Operator, request.Description ?? "", null, ct);
        return new OperatorKeyAnswer(row.Id, key);
    }

    private static async Task<Page<OperatorKeyView>> List(Keys keys, Caller caller, CancellationToken ct) =>
        new([.. (await keys.ListAsync(caller.Scope, CallerKind.Operator, ct)).Select(k => new OperatorKeyView(k.Id, k.Description, k.CreatedAt, k.Id == caller.Id))], null);

    private static async Task<IResult> Revoke(string id, Keys keys, Caller caller, CancellationToken ct)
    {
        // So there is always one left, and a thief who revokes is found by the key that he holds.
        if (id == caller.Id)
            throw new HostupException(HostupErrors.Conflict, $"cannot revoke operator key {id}", "it is the one that asks", "make another one with `hostup operator-key new`, log in with it, and revoke this one then");
        return await keys.RevokeAsync(caller.Scope, CallerKind.Operator, id, ct)
            ? Results.Ok()
            : throw new HostupException(HostupErrors.NotFound, $"cannot find operator key {id}", "there is none of that id", "see `hostup operator-key list`");
    }
}
