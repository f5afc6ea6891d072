using Hostup.Core.Errors;

namespace Hostup.Device;

/// <summary>A file of this device that cannot be read or written, in the words of an error: its medium is full, read-only, failing or not there.</summary>
internal static class MediumFault
{
    private const string Cannot = "cannot ";

    /// <summary>Whether it is one: .NET has two types for it that know nothing of each other.</summary>
    public static bool Is(Exception e) => e is IOException or UnauthorizedAccessException;

    /// <summary>The error.</summary>
    /// <param name="what">What did not happen, beginning with "cannot".</param>
    /// <param name="e">What the system says.</param>
    /// <param name="why">The reason; null: what the system says.</param>
    public static HostupException Of(string what, Exception e, string? why = null) => new(
        HostupErrors.Medium, what, why ?? Reason(e), "look at mounts, free space and the kernel log of the device; a medium that fails must be replaced", e);

    /// <summary>What the system says, without the "cannot" that the sentence around it has already.</summary>
    public static string Reason(Exception e) => e.Message.StartsWith(Cannot, StringComparison.Ordinal) ? e.Message[Cannot.Length..] : e.Message;

    /// <summary>An error as it is, or a fault of a medium as one.</summary>
    public static HostupException Wrap(string what, Exception e) => e as HostupException ?? Of(what, e);

    /// <summary>Whether somebody can act on it; anything else is a bug.</summary>
    public static bool IsKnown(Exception e) => e is HostupException || Is(e);
}
