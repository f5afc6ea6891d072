namespace Hostup.Core.Errors;

/// <summary>The parts of a message that was made as "what: why; what to do", as <see cref="HostupException"/> makes them.</summary>
/// <param name="What">What did not happen; empty: the message has another form, and all of it is <paramref name="Why"/>.</param>
/// <param name="Why">The reason.</param>
/// <param name="WhatToDo">What to do; empty: the message does not say.</param>
public sealed record ErrorMessage(string What, string Why, string WhatToDo)
{
    private const string Begin = "cannot ";

    /// <summary>Takes a message apart. One of another form, such as the cause of a rollback, is a reason as a whole.</summary>
    public static ErrorMessage Parse(string message)
    {
        int colon = message.IndexOf(": ", StringComparison.Ordinal);
        if (!message.StartsWith(Begin, StringComparison.Ordinal) || colon < 0)
            return new ErrorMessage("", message, "");
        string what = message[..colon];
        string rest = message[(colon + 2)..];
        int end = rest.LastIndexOf("; ", StringComparison.Ordinal);
        return end < 0 ? new ErrorMessage(what, rest, "") : new ErrorMessage(what, rest[..end], rest[(end + 2)..]);
    }

    /// <summary>The reason that a message gives. A check names itself before what it saw; the name of the code is left out.</summary>
    /// <param name="message">The message.</param>
    /// <param name="code">Id of the code that it goes with; null: none.</param>
    public static string ReasonOf(string message, string? code)
    {
        string why = Parse(message).Why;
        return code is not null && why.StartsWith(code + ": ", StringComparison.Ordinal) ? why[(code.Length + 2)..] : why;
    }
}
