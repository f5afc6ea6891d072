namespace Hostup.Updates.Files;

/// <summary>Where things are on a device. Names of upstream's files are upstream's.</summary>
public static class Places
{
    /// <summary>The boot partition, read-only outside the boot-file and boot-switch moments.</summary>
    public const string Boot = "/mnt/boot";

    /// <summary>The state partition.</summary>
    public const string State = "/mnt/state";

    /// <summary>The data partition.</summary>
    public const string Data = "/mnt/data";

    /// <summary>Our files on the state partition: all that is needed to resume, undo and roll back.</summary>
    public const string Hostup = State + "/hostup";

    /// <summary>Boot files of the running root.</summary>
    public const string OwnBootFiles = "/resin-boot";

    /// <summary>Arms rollback-altboot.</summary>
    public const string AltbootBreadcrumb = State + "/rollback-altboot-breadcrumb";

    /// <summary>Arms rollback-health.</summary>
    public const string HealthBreadcrumb = State + "/rollback-health-breadcrumb";

    /// <summary>What was healthy on the old OS.</summary>
    public const string HealthVariables = State + "/rollback-health-variables";

    /// <summary>Left behind by an altboot rollback.</summary>
    public const string AltbootTriggered = State + "/rollback-altboot-triggered";

    /// <summary>Left behind by a health rollback.</summary>
    public const string HealthTriggered = State + "/rollback-health-triggered";

    /// <summary>Left behind by a health rollback that could not restore everything.</summary>
    public const string HealthFailed = State + "/rollback-health-failed";

    /// <summary>The journal.</summary>
    public const string Journal = Hostup + "/journal";

    /// <summary>How often the new OS began to boot during this trial.</summary>
    public const string TrialBoots = Hostup + "/trial-boots";

    /// <summary>The boot of this trial in which the boot loader's count was last set back.</summary>
    public const string TrialBootsSettled = Hostup + "/trial-boots-settled";

    /// <summary>Why the device went back; there from before the decision until the next attempt.</summary>
    public const string RollbackCause = Hostup + "/rollback-cause";

    /// <summary>What kernels said last in the trial that was armed last.</summary>
    public const string KernelMessages = Hostup + "/kernel-messages";

    /// <summary>What kernels said last before it.</summary>
    public const string OlderKernelMessages = Hostup + "/kernel-messages-before";

    /// <summary>There while the boot partition may hold files of another release than the one that runs.</summary>
    public const string BootFilesTouched = Hostup + "/boot-files-touched";

    /// <summary>There while the supervisor's database is still to be brought back after a rollback: the data partition was not there, or took nothing.</summary>
    public const string DatabaseDue = Hostup + "/supervisor-database-due";

    /// <summary>What was last written to the spare slot.</summary>
    public const string SpareContent = Hostup + "/spare-content";

    /// <summary>Tree digest of the slot that runs, with the id of its file system.</summary>
    public const string RunningTree = Hostup + "/running-tree";

    /// <summary>Bytes of the last attempt by cause, as the update process counts them.</summary>
    public const string Account = Hostup + "/account";

    /// <summary>The same, as the agent counts them: its talk with the server, and what the interfaces carried in all.</summary>
    public const string AgentAccount = Hostup + "/agent-account";

    /// <summary>What somebody at the device says of the policy.</summary>
    public const string OwnPolicy = Hostup + "/policy.json";

    /// <summary>Highest sequence committed on this device.</summary>
    public const string HighestSequence = Hostup + "/highest-sequence";

    /// <summary>The list of trusted keys, when it is newer than the one of an OS.</summary>
    public const string TrustList = Hostup + "/trust.json";

    /// <summary>Version of the newest list of trusted keys that this device had.</summary>
    public const string TrustVersion = Hostup + "/trust-version";

    /// <summary>Latest time that a signed document has proved.</summary>
    public const string ClockFloor = Hostup + "/clock-floor";

    /// <summary>Image digests that came back once without a verdict on the release itself, one a line.</summary>
    public const string Suspect = Hostup + "/suspect";

    /// <summary>Image digests that were rolled back here, one a line.</summary>
    public const string KnownBad = Hostup + "/known-bad";
}
