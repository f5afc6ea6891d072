namespace Hostup.Lab.Sim;

/// <summary>The only place where the power can go: every effect of every port passes here.</summary>
/// <param name="cuts">Numbers of the effects before which the power goes, counted from 1 over the whole life of the device.</param>
public sealed class SimPowerSupply(IReadOnlyList<int> cuts)
{
    private bool _off;
    private bool _rebooting;
    private bool _delivered;

    /// <summary>The power also goes each time before this effect; null: never.</summary>
    public string? AlwaysCutBefore { get; set; }

    /// <summary>Number of the effect before which the process that brings it about is killed, once; zero: never.</summary>
    public int KillBefore { get; set; }

    /// <summary>Number of the effect before which somebody reboots the device in good order; zero: never.</summary>
    public int RebootBefore { get; set; }

    /// <summary>Whether the process is killed before an effect of this name; asked at each one.</summary>
    public Func<string, bool>? KillWhen { get; set; }

    /// <summary>Called before each effect with its number: what else happens then; null: nothing.</summary>
    public Action<int>? Meanwhile { get; set; }

    /// <summary>Times that the process was killed.</summary>
    public int Kills { get; private set; }

    /// <summary>Effects so far.</summary>
    public int Effects { get; private set; }

    /// <summary>Names of the effects so far, for the message of a failing test.</summary>
    public List<string> Log { get; } = [];

    /// <summary>Effects before which the power went.</summary>
    public List<string> CutBefore { get; } = [];

    /// <summary>Something on a medium or of the running system is about to change.</summary>
    public void Effect(string name)
    {
        if (!_delivered)
            return;
        if (_off)
            throw new PowerCutException(name);
        if (_rebooting)
            throw new OrderlyRebootException(name);
        Effects++;
        Log.Add(name);
        Meanwhile?.Invoke(Effects);
        if (Effects == RebootBefore)
        {
            _rebooting = true;
            throw new OrderlyRebootException(name);
        }
        if (Effects == KillBefore || KillWhen?.Invoke(name) == true)
        {
            Kills++;
            throw new ProcessKilledException(name);
        }
        if (!cuts.Contains(Effects) && name != AlwaysCutBefore)
            return;
        _off = true;
        CutBefore.Add(name);
        throw new PowerCutException(name);
    }

    /// <summary>Provisioning is over; effects count from now on.</summary>
    public void Deliver() => _delivered = true;

    /// <summary>The power is back.</summary>
    public void Restore() => _off = _rebooting = false;
}
