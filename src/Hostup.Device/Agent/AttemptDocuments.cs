using Hostup.Core.Errors;
using Hostup.Updates.Files;
using Hostup.Updates.Plan;

namespace Hostup.Device.Agent;

/// <summary>Plan and log of an attempt on their way to the server. A failure is told and tried again with the next report.</summary>
/// <param name="server">Who takes them.</param>
/// <param name="files">The device's files.</param>
/// <param name="data">The data partition.</param>
/// <param name="memory">Where logs lie in memory.</param>
/// <param name="sent">Where it is kept what was sent of the log.</param>
internal sealed class AttemptDocuments(ServerLink server, IFiles files, string data = LogFiles.Data, string memory = LogFiles.Memory, string sent = LogSending.FilePath)
{
    private readonly LogSending _log = new(server, files, data, memory, sent);
    private string? _planOf;

    /// <summary>Sends what the server does not have yet.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="plan">Its plan; null: there is none.</param>
    /// <param name="ended">Whether it is over: of a log that is too large for the server the end is sent too.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>False when something is to be sent again later.</returns>
    public async Task<bool> SendAsync(string attempt, UpdatePlan? plan, bool ended, CancellationToken ct)
    {
        try
        {
            if (plan is not null && _planOf != attempt)
            {
                await server.SendDocumentAsync($"attempts/{attempt}/plan", plan.ToJson(), "application/json", ct).ConfigureAwait(false);
                _planOf = attempt;
            }
            return await _log.SendAsync(attempt, ended, ct).ConfigureAwait(false);
        }
        catch (HostupException e) when (e.Code == HostupErrors.Conflict)
        {
            // It has less of the log than it once said.
            Forget();
            return false;
        }
        catch (Exception e) when (MediumFault.IsKnown(e))
        {
            await Console.Error.WriteLineAsync($"documents of attempt {attempt} stay here for now: {e.Message}").ConfigureAwait(false);
            // What the server will never take is not offered for ever.
            return e is HostupException { Code.Kind: not HostupErrorKind.Transient };
        }
    }

    /// <summary>Sends what was logged after the server had the end: whoever ends an attempt says it in the log last.</summary>
    public async Task SendLaterAsync(string attempt, CancellationToken ct)
    {
        if (_log.HasMore(attempt))
            await SendAsync(attempt, plan: null, ended: true, ct).ConfigureAwait(false);
    }

    /// <summary>Nothing counts as sent any more, until the server says what it has.</summary>
    public void Forget()
    {
        _planOf = null;
        _log.Doubt();
    }
}
