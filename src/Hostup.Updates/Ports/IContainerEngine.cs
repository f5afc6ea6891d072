namespace Hostup.Updates.Ports;

/// <summary>The container engine of the device.</summary>
public interface IContainerEngine
{
    /// <summary>Whether it answers.</summary>
    ValueTask<bool> AnswersAsync(CancellationToken ct);

    /// <summary>Driver of its store on the data partition, for example <c>overlay2</c>; null when it does not answer or does not say.</summary>
    ValueTask<string?> StorageDriverAsync(CancellationToken ct);

    /// <summary>Pulls an image by digest; costs nothing when the engine has it. Durable when it returns.</summary>
    /// <param name="reference"><c>registry/name@sha256:...</c>.</param>
    /// <param name="ct">Stops the pull.</param>
    ValueTask PullAsync(string reference, CancellationToken ct);
}
