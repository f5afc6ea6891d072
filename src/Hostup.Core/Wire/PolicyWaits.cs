namespace Hostup.Core.Wire;

/// <summary>
/// What a device says that it waits for when its policy holds it back. The device writes these texts and the server knows them by their beginning: both from here.
/// </summary>
public static class PolicyWaits
{
    /// <summary>The network is metered.</summary>
    public const string Metered = "waiting for a network that is not metered";

    /// <summary>Everything is fetched, and the policy is to stop there.</summary>
    public const string Apply = "everything is fetched and verified; waiting for `hostup update apply`";

    private const string WindowBegin = "waiting for window ";
    private const string ClockBegin = "waiting for the clock to be set, and then for window ";
    private const string UnknownBegin = "waiting for another window: ";

    /// <summary>A window is closed.</summary>
    public static string ForWindow(TimeWindow window) => WindowBegin + window;

    /// <summary>Nobody knows whether a window is open: the clock is not set.</summary>
    public static string ForClock(TimeWindow window) => ClockBegin + window;

    /// <summary>The device does not understand the window.</summary>
    /// <param name="why">Why not.</param>
    public static string ForAnotherWindow(string why) => UnknownBegin + why;

    /// <summary>The code of <see cref="WhyNotCodes"/> for a text; null: it is none of these.</summary>
    public static string? CodeOf(string? text) => text switch
    {
        null => null,
        Metered => WhyNotCodes.Metered,
        Apply => WhyNotCodes.Apply,
        _ when text.StartsWith(WindowBegin, StringComparison.Ordinal) => WhyNotCodes.Window,
        _ when text.StartsWith(ClockBegin, StringComparison.Ordinal) => WhyNotCodes.ClockForWindow,
        _ when text.StartsWith(UnknownBegin, StringComparison.Ordinal) => WhyNotCodes.AnotherWindow,
        _ => null,
    };
}
