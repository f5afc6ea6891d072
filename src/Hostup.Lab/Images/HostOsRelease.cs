namespace Hostup.Lab.Images;

/// <summary>One release of the lab's host OS: which state of the Debian archive it is made from and which device program it ships.</summary>
/// <param name="OsVersion">VERSION of os-release, for example <c>2.100.0+rev1</c>.</param>
/// <param name="Suites">Debian suites, for example <c>bookworm</c>.</param>
/// <param name="ProgramVersion">Version of the device program in the image.</param>
public sealed record HostOsRelease(string OsVersion, IReadOnlyList<string> Suites, string ProgramVersion)
{
    /// <summary>The release that devices are provisioned with: Debian as first published.</summary>
    public static HostOsRelease Old { get; } = new("2.100.0+rev1", ["bookworm"], "0.1.0");

    /// <summary>The next release: Debian with the updates and security updates of today, so the kernel is another one.</summary>
    public static HostOsRelease New { get; } = new("2.101.0+rev1", ["bookworm", "bookworm-updates", "bookworm-security"], "0.2.0");

    /// <summary>The version without its revision: what VERSION_ID holds.</summary>
    public string PlainVersion => OsVersion.Split('+')[0];
}
