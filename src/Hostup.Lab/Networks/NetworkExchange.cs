namespace Hostup.Lab.Networks;

/// <summary>One exchange as the network saw it.</summary>
/// <param name="Path">Path of the request.</param>
/// <param name="From">First byte asked for; zero: the beginning.</param>
/// <param name="Received">Bytes of the request, head and all.</param>
public sealed record NetworkExchange(string Path, long From, long Received)
{
    /// <summary>Bytes of the answer that were given to the kernel, head and all.</summary>
    public long Sent { get; set; }

    /// <summary>Those of the body.</summary>
    public long BodySent { get; set; }

    /// <summary>First byte of the blob that was sent.</summary>
    public long BodyFrom { get; set; } = From;

    /// <summary>Whether the answer was one that brings nothing; null: the network cannot know.</summary>
    public bool? IsInVain { get; set; } = false;
}
