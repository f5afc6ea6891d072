namespace Hostup.Server.Registry;

/// <summary>A repository: the same name is another one in each organisation.</summary>
/// <param name="Organisation">Id of its organisation.</param>
/// <param name="Name">What clients call it.</param>
internal readonly record struct RepositoryId(string Organisation, string Name)
{
    /// <summary>The name, for messages and addresses.</summary>
    public override string ToString() => Name;
}
