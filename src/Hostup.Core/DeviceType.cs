using Hostup.Core.Errors;

namespace Hostup.Core;

/// <summary>The slug of a kind of device, for example <c>raspberrypi4-64</c>: lower-case letters, digits, dot and dash.</summary>
public readonly record struct DeviceType
{
    private readonly string? _slug;

    private DeviceType(string slug) => _slug = slug;

    /// <summary>Reads a slug of 1 to 64 characters.</summary>
    /// <exception cref="HostupException"><c>bad-value</c> for anything else.</exception>
    public static DeviceType Parse(string slug) =>
        slug is { Length: > 0 and <= 64 } && !slug.AsSpan().ContainsAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789.-")
            ? new DeviceType(slug)
            : throw new HostupException(HostupErrors.BadValue, $"cannot read device type '{slug}'", "a slug has 1 to 64 lower-case letters, digits, dots and dashes", "give the slug as the device's /etc/os-release SLUG names it");

    /// <inheritdoc/>
    public override string ToString() => _slug ?? throw new InvalidOperationException("bug: device type without a value");
}
