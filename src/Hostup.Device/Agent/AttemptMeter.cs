using Hostup.Core.Wire;
using Hostup.Updates.Account;

namespace Hostup.Device.Agent;

/// <summary>Puts the bytes of the agent's connection into the account of the attempt that they are spent for.</summary>
internal sealed class AttemptMeter(ServerLink server, AgentAccount account)
{
    /// <summary>Cause of polls and reports.</summary>
    public const string Protocol = "protocol";

    private (long Received, long Sent) _mark;

    /// <summary>The account.</summary>
    public AgentAccount Account => account;

    /// <summary>A new attempt begins: what was spent before it belongs to none.</summary>
    public void Begin(string attempt)
    {
        Expect(attempt);
        account.Confirm();
    }

    /// <summary>The same for a target that anybody may have named: nothing is kept before <see cref="AgentAccount.Confirm"/>.</summary>
    public void Expect(string attempt)
    {
        if (account.IsOf(attempt))
            return;
        account.Expect(attempt);
        _mark = Now;
    }

    /// <summary>What was spent since the last call belongs to this cause.</summary>
    public void Spend(string cause)
    {
        var now = Now;
        account.Add(new CauseBytes(cause, now.Received - _mark.Received, now.Sent - _mark.Sent));
        _mark = now;
    }

    /// <summary>The attempt goes on, or has ended.</summary>
    public void Look(string attempt, bool ended)
    {
        if (!account.IsOf(attempt))
        {
            if (ended)
                return;
            Begin(attempt); // somebody started it by hand
        }
        account.Confirm(); // it has a journal
        Spend(Protocol);
        account.Look(ended);
    }

    private (long Received, long Sent) Now => (server.Wire.Received, server.Wire.Sent);
}
