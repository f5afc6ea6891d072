using Hostup.Core.Wire;

namespace Hostup.Server.Access;

/// <summary>Keys with which devices register.</summary>
internal static class ProvisioningKeyEndpoints
{
    public static void MapProvisioningKeys(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/provisioning-keys", Create).For(CallerKind.Operator).WithTags("Provisioning keys").WithSummary("Makes a key with which devices register; it is shown once");

    private static async Task<ProvisioningKeyAnswer> Create(ProvisioningKeyRequest request, Keys keys, CancellationToken ct)
    {
        var (row, key) = await keys.CreateAsync(CallerKind.Provisioning, request.Description ?? "", request.ExpiresAt, ct);
        return new ProvisioningKeyAnswer(row.Id, key, row.ExpiresAt);
    }
}
