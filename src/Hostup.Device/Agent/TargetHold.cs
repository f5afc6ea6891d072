using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Policies;
using Hostup.Updates.Run;

namespace Hostup.Device.Agent;

/// <summary>
/// Keeps a target from being begun while its policy lets nothing be fetched: the updater alone has tens of megabytes. And says for how long one is tried that a link or a server
/// keeps from being fetched.
/// </summary>
internal sealed class TargetHold(DevicePorts device, ServerLink server)
{
    /// <summary>Serial of a report on a target that was never begun: above those of waiting for it, below those of a journal.</summary>
    public const long SerialAfter = 1_000_000;

    // After 45 minutes of silence the server holds an attempt to be stuck.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromMinutes(30);

    // As for a source of the image: less is no progress.
    private const long LeastProgressBytes = 16 << 10;

    private UpdatePolicy _policy = new();
    private string? _tried;
    private long _arrived;
    private TimeSpan _arrivedAt;
    private string? _told;
    private TimeSpan _toldAt;
    private long _serial;
    private PolicyHold Hold => field ??= new PolicyHold(device, () => OwnPolicy.Load(device.Files).Over(_policy));

    /// <summary>When the policy's window opens; null: it holds nothing back, or nobody knows until when.</summary>
    public TimeSpan? Opens { get; private set; }

    /// <summary>Whether it must wait; the server is told what for.</summary>
    public async Task<bool> HoldsAsync(DeviceTarget target, CancellationToken ct)
    {
        _policy = target.Policy;
        string? why = await Hold.FetchAsync(ct).ConfigureAwait(false);
        Opens = why is null ? null : Hold.FetchOpens();
        if (why is null)
            return false;
        _tried = null; // patience is for links and servers
        await TellAsync(target, why, code: null, ct).ConfigureAwait(false);
        return true;
    }

    /// <summary>Whether the last try of a target that failed brought it nearer.</summary>
    public bool Advanced { get; private set; }

    /// <summary>Whether a target is tried again that could not be fetched. The server is told what it waits for.</summary>
    /// <param name="target">The target.</param>
    /// <param name="error">Why it could not.</param>
    /// <param name="arrived">Bytes that are here of what it names.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>False: nothing came for as long as its policy is patient.</returns>
    public async Task<bool> TriesAgainAsync(DeviceTarget target, HostupException error, long arrived, CancellationToken ct)
    {
        bool isNew = _tried != target.AttemptId;
        Advanced = arrived - (isNew ? 0 : _arrived) >= LeastProgressBytes;
        if (isNew || Advanced)
            (_tried, _arrived, _arrivedAt) = (target.AttemptId, arrived, device.Clock.Elapsed);
        if (device.Clock.Elapsed - _arrivedAt >= TimeSpan.FromSeconds(OwnPolicy.Load(device.Files).Over(target.Policy).PatienceSeconds))
            return false;
        try
        {
            await TellAsync(target, error.Message, error.Code, ct).ConfigureAwait(false);
        }
        catch (HostupException e)
        {
            // A link that broke carries no report either; the next try tells it.
            await Console.Error.WriteLineAsync($"{e.Message} [{e.Code}]").ConfigureAwait(false);
        }
        return true;
    }

    /// <summary>Tells the server what a target waits for that was not begun: once, and now and then that it still does.</summary>
    /// <param name="target">The target.</param>
    /// <param name="why">What it waits for.</param>
    /// <param name="code">What stands in its way; null: nothing that is wrong.</param>
    /// <param name="ct">Ends it.</param>
    public async Task TellAsync(DeviceTarget target, string why, HostupErrorCode? code, CancellationToken ct)
    {
        string news = $"{target.AttemptId} {why}";
        if (news == _told && device.Clock.Elapsed - _toldAt < Heartbeat)
            return;
        var report = new AttemptReport { Serial = ++_serial, State = AttemptStates.Waiting, ErrorCode = code?.Id, Message = why, UpdaterVersion = ThisProgram.Version };
        await server.ReportAsync(target.AttemptId, report, ct).ConfigureAwait(false);
        (_told, _toldAt) = (news, device.Clock.Elapsed);
    }
}
