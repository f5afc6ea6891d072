namespace Hostup.Core.Inventory;

/// <summary>A package that is installed in an image.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version, as its database writes it.</param>
/// <param name="Architecture">What it is built for; empty when its database does not say.</param>
public sealed record Package(string Name, string Version, string Architecture)
{
    /// <summary>What tells it from other packages: name and, where more than one is installed, architecture.</summary>
    public string Key => Architecture.Length == 0 ? Name : $"{Name}:{Architecture}";
}
