namespace Hostup.Core.Wire;

/// <summary>The states of an attempt that an operator sees. docs/architecture.md lists what follows what.</summary>
public static class AttemptStates
{
    /// <summary>Asked for; the device has not taken it yet.</summary>
    public const string Queued = "queued";
    /// <summary>The device waits; the message says for what.</summary>
    public const string Waiting = "waiting";
    /// <summary>check-device runs.</summary>
    public const string Checking = "checking";
    /// <summary>The server makes a delta, and the device waits for it.</summary>
    public const string PreparingDelta = "preparing-delta";
    /// <summary>The image arrives and is written to the spare slot.</summary>
    public const string Downloading = "downloading";
    /// <summary>The spare slot is read back.</summary>
    public const string Verifying = "verifying";
    /// <summary>The supervisor's image is fetched.</summary>
    public const string Supervisor = "supervisor";
    /// <summary>Everything is fetched; the gate is not open yet.</summary>
    public const string Ready = "ready";
    /// <summary>An application holds an update lock.</summary>
    public const string WaitingForLock = "waiting-for-lock";
    /// <summary>Boot files are replaced and boot settings switched.</summary>
    public const string BootFiles = "boot-files";
    /// <summary>The device reboots.</summary>
    public const string Rebooting = "rebooting";
    /// <summary>The new OS runs and has to prove itself.</summary>
    public const string Trial = "trial";
    /// <summary>The new OS is final.</summary>
    public const string Committed = "committed";
    /// <summary>Failed; the device runs what it ran before.</summary>
    public const string Failed = "failed";
    /// <summary>The new OS was tried and the device went back.</summary>
    public const string RolledBack = "rolled-back";
    /// <summary>A check refused it; nothing was touched.</summary>
    public const string Refused = "refused";
    /// <summary>The operator ended it.</summary>
    public const string Cancelled = "cancelled";
    /// <summary>A newer request replaced it.</summary>
    public const string Superseded = "superseded";

    /// <summary>Whether nothing is done in this state but wait, for days perhaps: the device gives a sign of life no more often than it polls.</summary>
    public static bool Waits(string state) => state is Queued or Waiting or PreparingDelta or Ready;

    /// <summary>Whether nothing follows this state.</summary>
    public static bool IsTerminal(string state) => state is Committed or Failed or RolledBack or Refused or Cancelled or Superseded;
}
