namespace Hostup.Server.Organisations;

/// <summary>Whom devices, releases, keys and everything else belong to. None ever sees what belongs to another one.</summary>
internal sealed class OrganisationRow
{
    /// <summary>Id of the first one, which owns what was there before there were organisations; its administrators make the others.</summary>
    public const string First = "default";

    public required string Id { get; set; }
    public required string Name { get; set; }

    /// <summary>JSON of what is said of the policy for all its devices; null: nothing.</summary>
    public string? Policy { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
}
