namespace Hostup.Core.Wire;

/// <summary>An update lock that an application holds, and for which an attempt waits.</summary>
/// <param name="Name">The service whose lock it is: the folder that the lock lies in.</param>
/// <param name="Path">The lock.</param>
/// <param name="Holder">Who holds it, as <c>process 512 rsync</c>; empty when that cannot be told.</param>
/// <param name="Since">Since when the attempt has found it held, by the device's clock.</param>
public sealed record LockReport(string Name, string Path, string Holder, DateTimeOffset Since);
