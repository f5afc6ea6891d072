using Hostup.Core.Errors;
using Hostup.Core.Wire;

namespace Hostup.Server.Access;

/// <summary>Keys with which devices register.</summary>
internal static class ProvisioningKeyEndpoints
{
    private static readonly TimeSpan UsualLife = TimeSpan.FromDays(30);

    public static void MapProvisioningKeys(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/provisioning-keys").For(CallerKind.Operator).WithTags("Provisioning keys");
        group.MapPost("/", Create).WithSummary("Makes a key with which devices register; it is shown once");
        group.MapGet("/", List).WithSummary("Keys that still work, newest first");
        group.MapPost("/{id}/revoke", Revoke).WithSummary("Makes a key worthless; devices that registered with it stay");
    }

    private static async Task<Page<ProvisioningKeyView>> List(Keys keys, Scope scope, CancellationToken ct) =>
        new([.. (await keys.ListAsync(scope, CallerKind.Provisioning, ct)).Select(k => new ProvisioningKeyView(k.Id, k.Description, k.CreatedAt, k.ExpiresAt))], null);

    private static async Task<IResult> Revoke(string id, Keys keys, Scope scope, CancellationToken ct) => await keys.RevokeAsync(scope, CallerKind.Provisioning, id, ct)
        ? Results.Ok()
        : throw new HostupException(HostupErrors.NotFound, $"cannot find provisioning key {id}", "there is none of that id", "see `hostup provisioning-key list`");

    private static async Task<ProvisioningKeyAnswer> Create(ProvisioningKeyRequest request, Keys keys, Scope scope, TimeProvider time, CancellationToken ct)
    {
        // Who has it may take the place of any device: one that nobody thought of must not stay good.
        var end = request.ExpiresAt ?? (request.NeverExpires ? null : time.GetUtcNow() + UsualLife);
        var (row, key) = await keys.CreateAsync(scope, CallerKind.Provisioning, request.Description ?? "", end, ct);
        return new ProvisioningKeyAnswer(row.Id, key, row.ExpiresAt);
    }
}
