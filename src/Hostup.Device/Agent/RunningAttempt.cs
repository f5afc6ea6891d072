using System.Diagnostics;
using Hostup.Core.Wire;
using Hostup.Updates.Journal;
using Hostup.Updates.Ports;
using Hostup.Updates.Reporting;
using Hostup.Updates.Run;

namespace Hostup.Device.Agent;

/// <summary>
/// The attempt that an update process works on: hands on to it what the operator wants. The device polls meanwhile as often as the server asks, so
/// that it is heard of also when the process says nothing.
/// </summary>
/// <param name="server">The server.</param>
/// <param name="log">The journal of the attempt.</param>
/// <param name="takeTrust">Takes newer lists of trusted keys; a failure is its own matter.</param>
internal sealed class RunningAttempt(ServerLink server, AttemptLog log, Func<long, CancellationToken, Task> takeTrust)
{
    /// <summary>Tells the ends of earlier attempts, with each poll; a failure is its own matter.</summary>
    public Func<CancellationToken, Task> TellEnds { get; init; } = _ => Task.CompletedTask;

    private long? _polled;
    private TimeSpan _interval;

    /// <summary>How often the server wants to be asked; null: it has not said it.</summary>
    public TimeSpan? Interval => server.PollInterval;

    /// <summary>Somebody wants it to be asked now: the next look polls.</summary>
    public void Wake() => _polled = null;

    /// <summary>Polls when it is time. A target that is another attempt ends the running one.</summary>
    /// <param name="progress">Progress of the running step; null: none.</param>
    /// <param name="ct">Ends it.</param>
    public async Task PollAsync(StepProgress? progress, CancellationToken ct)
    {
        if (_polled is { } last && Stopwatch.GetElapsedTime(last) < _interval)
            return;
        _polled = Stopwatch.GetTimestamp();
        var answer = await server.PollAsync(ct).ConfigureAwait(false);
        _interval = TimeSpan.FromSeconds(answer.IntervalSeconds);
        // An attempt that waits is judged by the newest list before it goes on; one that is about to switch is left alone.
        if (Waits(progress))
            await takeTrust(answer.TrustVersion, ct).ConfigureAwait(false);
        if (answer.Target is { } target)
            Want(target);
        await TellEnds(ct).ConfigureAwait(false);
    }

    private void Want(DeviceTarget target)
    {
        var records = log.Records;
        Ask(WishesOf(records, target));
        if (records is [{ AttemptId: { } running }, ..] && running == target.AttemptId && PolicyFile.Tell(target))
            Console.Error.WriteLine("the operator changed the policy of the attempt");
    }

    private static bool Waits(StepProgress? progress) => progress?.State is AttemptStates.Ready or AttemptStates.Waiting or AttemptStates.PreparingDelta or AttemptStates.WaitingForLock;

    /// <summary>Hands on what the answer to a report says.</summary>
    public static void Hear(AttemptAnswer answer) => Ask(
        (answer.Cancel ? AttemptWishes.Cancel : 0) | (answer.Superseded ? AttemptWishes.Supersede : 0) | (answer.OverrideLocks ? AttemptWishes.OverrideLocks : 0));

    /// <summary>What a target means for the attempt that runs. While a process begins the journal still tells of the attempt before: that one wants nothing.</summary>
    public static AttemptWishes WishesOf(IReadOnlyList<JournalRecord> records, DeviceTarget target) => records is [] or [.., { Verb: JournalVerb.Ended }] ? AttemptWishes.None
        : target.AttemptId != records[0].AttemptId ? AttemptWishes.Supersede
        : (target.Cancel ? AttemptWishes.Cancel : 0) | (target.OverrideLocks ? AttemptWishes.OverrideLocks : 0);

    private static void Ask(AttemptWishes wishes)
    {
        if (ProgressFile.Ask(wishes) is not AttemptWishes.None and var news)
            Console.Error.WriteLine($"the operator wants of the attempt: {news}");
    }
}
