namespace Hostup.Server.Organisations;

/// <summary>Devices of one organisation that belong together; a device is in one at most.</summary>
internal sealed class FleetRow
{
    public required string Id { get; set; }
    public required string OrganisationId { get; set; }
    public required string Name { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
}
