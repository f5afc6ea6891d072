using Hostup.Core.Errors;
using Hostup.Updates.Plan;

namespace Hostup.Device.Agent;

/// <summary>Plan and log of an attempt on their way to the server. A failure is told and tried again with the next report.</summary>
/// <param name="server">Who takes them.</param>
/// <param name="data">The data partition.</param>
internal sealed class AttemptDocuments(ServerLink server, string data = RunLog.Data)
{
    private const int MaxLogBytes = 1 << 20;
    private const int PartBytes = 60 << 10; // the server takes 64 KiB at a time
    private string? _planOf;
    private string? _logOf;
    private long _logSent;

    /// <summary>Sends what the server does not have yet.</summary>
    /// <returns>False when something is to be sent again later.</returns>
    public async Task<bool> SendAsync(string attempt, UpdatePlan? plan, CancellationToken ct)
    {
        try
        {
            if (plan is not null && _planOf != attempt)
            {
                await server.SendDocumentAsync($"attempts/{attempt}/plan", plan.ToJson(), "application/json", ct).ConfigureAwait(false);
                _planOf = attempt;
            }
            await SendLogAsync(attempt, ct).ConfigureAwait(false);
            return true;
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

    /// <summary>Nothing counts as sent any more.</summary>
    public void Forget() => _planOf = _logOf = null;

    private async Task SendLogAsync(string attempt, CancellationToken ct)
    {
        if (_logOf != attempt)
            (_logOf, _logSent) = (attempt, 0);
        byte[] all = RunLog.ReadAll(attempt, data);
        while (_logSent < Math.Min(all.Length, MaxLogBytes))
        {
            byte[] part = all[(int)_logSent..(int)Math.Min(all.Length, _logSent + PartBytes)];
            await server.SendDocumentAsync($"attempts/{attempt}/log?offset={_logSent}", part, "text/plain", ct).ConfigureAwait(false);
            _logSent += part.Length;
        }
    }
}
