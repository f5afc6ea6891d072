using Hostup.Core.Errors;

namespace Hostup.Updates.Checks;

/// <summary>The verdict of one check of check-device.</summary>
/// <param name="Name">Name of the check; the id of its error code.</param>
/// <param name="Code">Error code of a refusal.</param>
/// <param name="Passed">Whether the update may go on.</param>
/// <param name="Saw">What it saw, with values.</param>
/// <param name="Remedy">What to do when it did not pass.</param>
public sealed record CheckResult(string Name, HostupErrorCode Code, bool Passed, string Saw, string Remedy);
