using Hostup.Cli.Api;
using Hostup.Core.Errors;
using Hostup.Core.Wire;

namespace Hostup.Cli.Updates;

/// <summary>Follows an attempt to its end: a line per change of state or step, and one per tenth of a long transfer.</summary>
internal sealed class UpdateFollow(ApiClient api, Terminal terminal)
{
    private const int WaitSeconds = 30;

    /// <summary>A server that restarts is waited for this long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Returns the exit code of the outcome.</summary>
    /// <param name="attempt">Where it stands.</param>
    /// <param name="json">Print the end as data; progress goes to the error output then.</param>
    /// <param name="timeoutSeconds">Follow at most so long; null: until the end.</param>
    /// <param name="ct">Stops following; the update goes on.</param>
    public async Task<int> FollowAsync(AttemptView attempt, bool json, int? timeoutSeconds, CancellationToken ct)
    {
        var progress = json ? terminal.Error : terminal.Output;
        await progress.WriteLineAsync($"attempt {attempt.Id}: {(attempt.FromVersion.Length == 0 ? "unknown" : attempt.FromVersion)} -> {UpdateText.VersionOf(attempt)}");
        var time = TimeProvider.System;
        long began = time.GetTimestamp();
        string told = "";
        while (true)
        {
            if (Mark(attempt) is var mark && mark != told)
            {
                told = mark;
                await progress.WriteLineAsync($"{time.GetLocalNow():HH:mm:ss}  {UpdateText.Line(attempt)}");
            }
            if (attempt.EndedAt is not null)
                break;
            double left = timeoutSeconds is { } limit ? limit - time.GetElapsedTime(began).TotalSeconds : WaitSeconds;
            if (left <= 0)
                throw new HostupException(HostupErrors.ServerBusy, $"cannot follow attempt {attempt.Id} to its end", $"it is {attempt.Report.State} after {timeoutSeconds} seconds", $"it goes on; follow it with `hostup update wait {attempt.Id}`");
            attempt = await NextAsync(attempt, (int)Math.Clamp(Math.Ceiling(left), 1, WaitSeconds), ct);
        }
        terminal.Print(attempt, json, UpdateText.Write);
        return ExitCodes.Of(attempt.Report.State);
    }

    /// <summary>The attempt when it changed, or after so many seconds; a server that restarts is waited for.</summary>
    public async Task<AttemptView> NextAsync(AttemptView attempt, int seconds, CancellationToken ct)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await api.GetAsync($"api/v1/attempts/{attempt.Id}?waitSerial={attempt.Serial}&seconds={seconds}", WireJson.Default.AttemptView, ct);
            }
            catch (HostupException e) when (e.Code.Kind == HostupErrorKind.Transient && TimeProvider.System.GetElapsedTime(began) < Patience)
            {
                await Task.Delay(TimeSpan.FromSeconds(2), ct);
            }
        }
    }

    // what has to differ for another line; bytes count by tenths
    private static string Mark(AttemptView attempt)
    {
        var report = attempt.Report;
        string step = report.Steps is [.., var last] ? last.Name + last.State : "";
        long tenth = report.StepBytesTotal > 0 ? report.StepBytesDone * 10 / report.StepBytesTotal : 0;
        return $"{report.State} {step} {tenth} {attempt.CancelAsked} {report.Message}";
    }
}
