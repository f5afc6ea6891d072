namespace Hostup.Updates.Ports;

/// <summary>The update locks of user applications (<c>updates.lock</c>).</summary>
public interface IUpdateLocks
{
    /// <summary>Takes every lock and holds it until the process ends or <see cref="Release"/>.</summary>
    /// <returns>Null when all are held by us, else the path of one that an application holds; then none is held.</returns>
    string? TryTake();

    /// <summary>Gives them back. Idempotent.</summary>
    void Release();
}
