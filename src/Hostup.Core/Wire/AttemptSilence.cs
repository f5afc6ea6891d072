namespace Hostup.Core.Wire;

/// <summary>An open attempt of which nothing was heard for longer than any of its steps is silent.</summary>
/// <param name="Since">When the device last spoke of it.</param>
/// <param name="DeviceHeardOf">The device itself was heard of since: it lives, and the attempt is stuck. Else the device is away.</param>
public sealed record AttemptSilence(DateTimeOffset Since, bool DeviceHeardOf);
