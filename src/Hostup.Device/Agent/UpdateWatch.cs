using Hostup.Updates.Reporting;
using Hostup.Updates.Run;

namespace Hostup.Device.Agent;

/// <summary>Watches the process that works on an attempt: reports what it does, and hands on to it what the operator wants.</summary>
/// <param name="log">The journal of the attempt.</param>
/// <param name="reporting">Tells the server.</param>
/// <param name="meter">Counts meanwhile.</param>
/// <param name="running">Polls meanwhile.</param>
internal sealed class UpdateWatch(AttemptLog log, AttemptReporting reporting, AttemptMeter meter, RunningAttempt running)
{
    private readonly ReportPace _pace = new(TimeProvider.System);

    /// <summary>Reports what is worth it, and polls when it is time.</summary>
    public async Task LookAsync(CancellationToken ct)
    {
        var progress = ProgressFile.Load();
        try
        {
            await ReportAsync(progress, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            // The device is heard of, and hears what is wanted, all the same.
            var error = MediumFault.Of("cannot report the update that runs", e);
            await Console.Error.WriteLineAsync($"{error.Message} [{error.Code}]").ConfigureAwait(false);
        }
        await running.PollAsync(progress, ct).ConfigureAwait(false);
    }

    /// <summary>Somebody wants the server to be asked now.</summary>
    public void Wake() => running.Wake();

    /// <summary>Counts on while the server is left alone.</summary>
    public void Count()
    {
        if (log.IsOpen)
            meter.Look(log.Records[0].AttemptId!, ended: false);
    }

    private async Task ReportAsync(StepProgress? progress, CancellationToken ct)
    {
        // What is said of an attempt that has ended is not meant for the one that is about to begin.
        var records = log.Records;
        bool open = log.IsOpen;
        if (_pace.IsDue(progress, records.Count, running.Interval))
        {
            if (await reporting.ReportAsync(progress, ct).ConfigureAwait(false) is { } answer && open)
                RunningAttempt.Hear(answer);
            _pace.Told(progress, records.Count);
        }
        else if (open)
        {
            meter.Look(records[0].AttemptId!, ended: false);
        }
    }
}
