using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Ports;
using Hostup.Updates.Sources;

namespace Hostup.Lab.Sim;

/// <summary>Terms on which something is fetched without a device around it.</summary>
public sealed class SimTerms : IFetchTerms
{
    private readonly SkippingClock _clock = new();

    public string What => "supervisor v2";

    public string State => AttemptStates.Supervisor;

    public string Seed => "0123456789abcdef0123456789abcdef";

    public TimeSpan Patience { get; set; } = TimeSpan.FromMinutes(30);

    public UpdatePolicy Policy { get; } = new();

    public ISystemClock Clock => _clock;

    /// <summary>Whether the operator cancelled.</summary>
    public bool IsCancelled { get; set; }

    /// <summary>Time at which the policy allows it again; null: it does.</summary>
    public TimeSpan? HeldUntil { get; set; }

    /// <summary>Times that was waited for the policy.</summary>
    public int Waits { get; private set; }

    /// <summary>Times that the account was kept.</summary>
    public int Kept { get; private set; }

    /// <summary>Every note, in order.</summary>
    public List<string> Told { get; } = [];

    /// <summary>Time passes.</summary>
    public void Pass(TimeSpan time) => _clock.Pass(time);

    public void HonourCancel()
    {
        if (IsCancelled)
            throw new HostupException(HostupErrors.Cancelled, "cannot go on with the update", "the operator cancelled it", "start it again when it is wanted");
    }

    public ValueTask<string?> HeldAsync(CancellationToken ct) => ValueTask.FromResult(HeldUntil > _clock.Elapsed ? "waiting for a window" : null);

    public async ValueTask<bool> WaitAsync(CancellationToken ct)
    {
        if (await HeldAsync(ct) is null)
            return false;
        Waits++;
        Pass(HeldUntil!.Value - _clock.Elapsed);
        return true;
    }

    public void Keep() => Kept++;

    public void Tell(string state, string note) => Told.Add($"{state}: {note}");
}
