namespace Hostup.Oci.Registries;

/// <summary>One repository of one registry.</summary>
/// <param name="Base">Address of the registry, for example <c>https://images.example.com/</c>; http only for a trusted network or the same machine.</param>
/// <param name="Repository">Name, for example <c>hostos/genericx86-64</c>.</param>
public sealed record RegistryLocation(Uri Base, string Repository)
{
    internal Uri Manifest(string reference) => At($"manifests/{reference}");

    internal Uri Blob(Core.Digest digest) => At($"blobs/{digest}");

    internal Uri Uploads => At("blobs/uploads/");

    private Uri At(string rest) => new(Base, $"{Base.AbsolutePath.TrimEnd('/')}/v2/{Repository}/{rest}");

    /// <inheritdoc/>
    public override string ToString() => $"{Base.Authority}/{Repository}";
}

/// <summary>What a registry knows us by.</summary>
/// <param name="User">User name.</param>
/// <param name="Password">Password or token.</param>
public sealed record RegistryCredentials(string User, string Password)
{
    /// <summary>The user only: the password is never printed.</summary>
    public override string ToString() => User;
}
