namespace Hostup.Oci.Registries;

/// <summary>How long a registry is waited for.</summary>
/// <param name="AnswerWithin">Until it begins to answer; uploads are not limited.</param>
/// <param name="StalledAfter">Without a byte of a body; mobile links pause for some 10 s.</param>
public sealed record RegistryLimits(TimeSpan AnswerWithin, TimeSpan StalledAfter)
{
    /// <summary>A minute for both.</summary>
    public static RegistryLimits Default { get; } = new(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(60));
}
