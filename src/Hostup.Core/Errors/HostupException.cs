namespace Hostup.Core.Errors;

/// <summary>Any failure an operator can act on. Anything else that escapes is a bug in this program.</summary>
/// <remarks><see cref="Exception.Message"/> reads "what: why; what to do".</remarks>
public sealed class HostupException : Exception
{
    /// <param name="code">Stable code with a row in docs/errors.md.</param>
    /// <param name="what">What did not happen, lower case, beginning with "cannot": "cannot write slot rootB".</param>
    /// <param name="why">The reason with its values: "12 MiB left, 118 MiB needed".</param>
    /// <param name="whatToDo">What the operator can do, one sentence without a full stop.</param>
    /// <param name="inner">The exception that led here, where there is one.</param>
    public HostupException(HostupErrorCode code, string what, string why, string whatToDo, Exception? inner = null)
        : base($"{what}: {why}; {whatToDo}", inner)
    {
        Code = code;
        What = what;
        Why = why;
        WhatToDo = whatToDo;
    }

    /// <summary>Stable code.</summary>
    public HostupErrorCode Code { get; }

    /// <summary>What did not happen.</summary>
    public string What { get; }

    /// <summary>Why it did not happen.</summary>
    public string Why { get; }

    /// <summary>What the operator can do.</summary>
    public string WhatToDo { get; }

    /// <summary>How long a server asks to be left alone; null: it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
