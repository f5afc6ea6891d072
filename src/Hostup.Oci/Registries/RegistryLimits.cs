namespace Hostup.Oci.Registries;

/// <summary>How long a registry is waited for.</summary>
/// <param name="AnswerWithin">Until it begins to answer; uploads are not limited.</param>
/// <param name="StalledAfter">Without enough bytes of a body; mobile links pause for some 10 s.</param>
public sealed record RegistryLimits(TimeSpan AnswerWithin, TimeSpan StalledAfter)
{
    /// <summary>Fewer bytes a second than these, over <see cref="StalledAfter"/>, are no link: a fifth of what GPRS gives one of its users (40 kbit/s).</summary>
    public long LeastBytesPerSecond { get; init; } = 1024;

    /// <summary>A minute for both.</summary>
    public static RegistryLimits Default { get; } = new(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(60));
}
