using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Account;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Reporting;
using Hostup.Updates.Rollback;
using Hostup.Updates.Run;

namespace Hostup.Device.Agent;

/// <summary>
/// Tells the server where the last attempt stands, and its end until the server has it, with the log. All of it is read from the device, so neither a reboot nor the
/// end of the agent loses a word.
/// </summary>
internal sealed class AttemptReporting(DevicePorts device, ServerLink server, AttemptMeter meter, AttemptDocuments documents)
{
    /// <summary>
    /// Times that a newer target waits for the end of the attempt before it, and for its log: a server that takes everything but this must not keep the device from updates. Then
    /// it is laid aside (<see cref="LeftEnds"/>).
    /// </summary>
    public const int MostWaits = 10;

    private const string AcknowledgedPath = Places.Hostup + "/acknowledged";
    private readonly AttemptLog _log = new(device);
    private long _lastSerial = -1;
    private int _waits;
    private string? _acknowledged;

    /// <summary>Reports, unless the server has acknowledged exactly this already.</summary>
    /// <param name="progress">Progress of the running step; null: no process works on it.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>What the server said; null: there was nothing to tell.</returns>
    public async Task<AttemptAnswer?> ReportAsync(StepProgress? progress, CancellationToken ct)
    {
        var records = _log.Records;
        var plan = new AttemptFiles(device.Files).TryLoad(records)?.Plan;
        if (records is not [{ AttemptId: { } attempt }, ..])
            return null;
        bool ended = records[^1].Verb == JournalVerb.Ended;
        meter.Look(attempt, ended);
        if (JournalView.Report(records, plan, progress, IsOnTrial(records), AttemptBytes.Of(device.Files, records, plan, meter.Account), ended ? KernelMessages.Load(device.Files) : null) is not { } report)
            return null;
        if (ended && IsAcknowledged(attempt))
        {
            await documents.SendLaterAsync(attempt, ct).ConfigureAwait(false);
            return null;
        }
        if (report.Serial == _lastSerial)
            return null;
        var answer = await TellAsync(attempt, report, ended, ct).ConfigureAwait(false);
        _lastSerial = report.Serial;
        // Only a server that says it keeps the end has it.
        bool kept = answer.State.Length == 0 || AttemptStates.IsTerminal(answer.State);
        bool sent = await documents.SendAsync(attempt, plan, ended, ct).ConfigureAwait(false);
        if (ended && sent && kept)
            Acknowledge(attempt);
        else if (ended)
            _lastSerial = -1; // the report is repeated, which changes nothing, and the log with it
        return answer;
    }

    /// <summary>Whether a target waits now because the end of the attempt before it is not told: the next attempt takes over the journal, and the log of a process that begins may push out older ones.</summary>
    public bool HoldsBack(DeviceTarget target) =>
        _log.Records is [{ AttemptId: { } last }, ..] and [.., { Verb: JournalVerb.Ended }] && last != target.AttemptId && !IsAcknowledged(last) && _waits++ < MostWaits;

    /// <summary>The server asks for an attempt that has ended here: it lost what it had acknowledged, with a backup that was put back.</summary>
    public void TellAgain()
    {
        Keep("");
        documents.Forget();
        _lastSerial = -1;
    }

    private async Task<AttemptAnswer> TellAsync(string attempt, AttemptReport report, bool ended, CancellationToken ct)
    {
        try
        {
            return await server.ReportAsync(attempt, report, ct).ConfigureAwait(false);
        }
        catch (HostupException e) when (ended && e.Code == HostupErrors.NotFound)
        {
            Acknowledge(attempt); // the server knows no such attempt, and never will
            throw;
        }
    }

    private bool IsOnTrial(IReadOnlyList<JournalRecord> records) => Trial.IsPending(device) && records.Any(r => r.Verb == JournalVerb.TrialBoot);

    private void Acknowledge(string attempt)
    {
        Keep(attempt);
        _waits = 0;
    }

    /// <summary>Without a state partition that takes it, it counts until the agent ends; then the end is told once more.</summary>
    private void Keep(string acknowledged)
    {
        _acknowledged = acknowledged;
        try
        {
            if (acknowledged.Length == 0)
                AtomicFile.Delete(device.Files, AcknowledgedPath);
            else
                AtomicFile.Write(device.Files, AcknowledgedPath, Encoding.ASCII.GetBytes(acknowledged));
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            Console.Error.WriteLine($"what the server has acknowledged is not kept: {e.Message}");
        }
    }

    /// <summary>The attempt whose end the server has, as the state partition knows it; empty: none.</summary>
    public static string AcknowledgedOn(IFiles files)
    {
        try
        {
            return files.Exists(AcknowledgedPath) ? Encoding.ASCII.GetString(files.Read(AcknowledgedPath)) : "";
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            return ""; // telling it once more changes nothing
        }
    }

    private bool IsAcknowledged(string attempt) => (_acknowledged ??= AcknowledgedOn(device.Files)) == attempt;
}
