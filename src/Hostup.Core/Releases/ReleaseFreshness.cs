using Hostup.Core.Errors;

namespace Hostup.Core.Releases;

/// <summary>
/// What a device knows of time: its clock, whether that is synchronised, and the latest time it has signed proof of. A clock that is not
/// synchronised proves nothing; the floor always does.
/// </summary>
/// <param name="Now">What the clock says.</param>
/// <param name="IsSynchronised">Whether somebody has set it in this boot.</param>
/// <param name="Floor">Latest signed time seen; now is not before it.</param>
public sealed record ReleaseFreshness(DateTimeOffset Now, bool IsSynchronised, DateTimeOffset Floor)
{
    /// <summary>Refuses a release whose time is over.</summary>
    /// <exception cref="HostupException"><c>expired</c>.</exception>
    public void Require(ReleaseManifest release)
    {
        if (release.Expires is not { } end)
            return;
        if (IsSynchronised && Now >= end)
            throw Expired(release, end, $"it is {Now:u}");
        if (Floor >= end)
            throw Expired(release, end, $"a document signed at {Floor:u} was seen here");
    }

    private static HostupException Expired(ReleaseManifest release, DateTimeOffset end, string proof) =>
        new(HostupErrors.Expired, $"cannot use release {release.Version}", $"it may be installed until {end:u} and {proof}", "sign the release again, or choose a newer one");
}
