namespace Hostup.Lab.Guests;

/// <summary>What a program of the guest left behind.</summary>
/// <param name="ExitCode">Exit status; 128 + signal number when a signal ended it.</param>
/// <param name="Output">Standard output as UTF-8 text.</param>
/// <param name="Error">Standard error as UTF-8 text.</param>
public sealed record GuestResult(int ExitCode, string Output, string Error);
