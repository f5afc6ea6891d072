namespace Hostup.Lab.Networks;

/// <summary>What a bad network makes of one exchange.</summary>
public enum NetworkFaultKind
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>Closes the connection after so many bytes of the body.</summary>
    Cut,
    /// <summary>Resets the connection after so many bytes of the body.</summary>
    Reset,
    /// <summary>Sends nothing more after so many bytes of the body, until the other side gives up.</summary>
    Stall,
    /// <summary>Sends the body in pieces of so many bytes, one at a time, with a pause after each.</summary>
    Drip,
    /// <summary>Closes before the answer.</summary>
    CloseAtOnce,
    /// <summary>Resets before the answer.</summary>
    ResetAtOnce,
    /// <summary>Never answers.</summary>
    Silence,
    /// <summary>Closes in the middle of the head of the answer.</summary>
    HalfAHead,
    /// <summary>Answers with something that is no HTTP.</summary>
    Garbage,
    /// <summary>Answers with this status.</summary>
    Status,
    /// <summary>Redirects to itself.</summary>
    RedirectLoop,
    /// <summary>Redirects to a web page.</summary>
    RedirectToPortal,
    /// <summary>Answers 200 with a web page.</summary>
    Portal,
    /// <summary>Announces so many bytes more than it sends, or fewer than there are.</summary>
    WrongLength,
    /// <summary>Answers a range with one that begins so many bytes later; sends no body until the other side gives up.</summary>
    WrongRange,
    /// <summary>Answers a range with the whole.</summary>
    RangeUnheeded,
    /// <summary>Changes the byte at this place of the body.</summary>
    Damage,
}

/// <summary>What happens to one exchange.</summary>
/// <param name="Kind">What.</param>
/// <param name="Number">Bytes, status or place.</param>
/// <param name="RetryAfterSeconds">For a status: when to come back; null: it does not say.</param>
public sealed record NetworkFault(NetworkFaultKind Kind, long Number = 0, int? RetryAfterSeconds = null)
{
    /// <summary>For a drip: the pause after each piece.</summary>
    public TimeSpan Pause { get; init; }

    /// <summary>Whether the answer brings nothing. An HTTP client asks again by itself when a connection is closed; what a wrong length or byte spoils only the device knows.</summary>
    public bool? IsInVain => Kind switch
    {
        NetworkFaultKind.CloseAtOnce or NetworkFaultKind.WrongLength or NetworkFaultKind.Damage => null,
        NetworkFaultKind.None or NetworkFaultKind.Cut or NetworkFaultKind.Reset or NetworkFaultKind.Stall or NetworkFaultKind.Drip or NetworkFaultKind.RangeUnheeded => false,
        _ => true,
    };

    /// <inheritdoc/>
    public override string ToString() => $"{Kind}{(Number == 0 ? "" : $" {Number}")}{(RetryAfterSeconds is { } s ? $" retry after {s}" : "")}";
}
