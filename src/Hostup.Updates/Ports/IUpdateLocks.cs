namespace Hostup.Updates.Ports;

/// <summary>An update lock that an application holds.</summary>
/// <param name="Name">The service whose lock it is.</param>
/// <param name="Path">The lock.</param>
/// <param name="Holder">Who holds it, as <c>process 512 rsync</c>; empty when that cannot be told.</param>
public sealed record HeldLock(string Name, string Path, string Holder)
{
    /// <summary>How long it has been seen held by that holder in this boot, by this process and those before it.</summary>
    public TimeSpan Age { get; init; }

    /// <summary>For people: <c>backup (process 512 rsync)</c>.</summary>
    public override string ToString() => Holder.Length == 0 ? Name : $"{Name} ({Holder})";
}

/// <summary>The update locks of user applications (<c>updates.lock</c>).</summary>
public interface IUpdateLocks
{
    /// <summary>Whether the owner of the applications lets updates pass over their locks, with the supervisor's own setting for it.</summary>
    bool AreOverridden { get; }

    /// <summary>Takes every lock and holds it until the process ends or <see cref="Release"/>.</summary>
    /// <param name="passOver">Whether those that applications hold are passed over; else none is held by us when one of them is.</param>
    /// <returns>Those that applications hold.</returns>
    IReadOnlyList<HeldLock> Take(bool passOver);

    /// <summary>Gives them back. Idempotent.</summary>
    void Release();
}
