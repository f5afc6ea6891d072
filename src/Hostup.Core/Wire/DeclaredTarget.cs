namespace Hostup.Core.Wire;

/// <summary>What a device is to run, whether it is online or not.</summary>
/// <param name="ReleaseId">The release.</param>
/// <param name="Version">Its version.</param>
/// <param name="By">Who declared it: the description of an operator's key.</param>
/// <param name="At">When.</param>
/// <param name="Why">Why, for people; empty: not said.</param>
public sealed record DeclaredTarget(string ReleaseId, string Version, string By, DateTimeOffset At, string Why);

/// <summary>PUT /api/v1/devices/{device}/target: declares what the device is to run.</summary>
/// <param name="Release">Version or id of a release for its device type.</param>
/// <param name="Why">Why, for people; at most 500 characters; null: not said.</param>
public sealed record TargetRequest(string Release, string? Why);
