using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Updates.Account;
using Hostup.Updates.Plan;
using Hostup.Updates.Policies;
using Hostup.Updates.Ports;

namespace Hostup.Updates.Run;

/// <summary>What a step works with.</summary>
/// <param name="Device">The device.</param>
/// <param name="Plan">The plan that is executed.</param>
/// <param name="Release">The release to reach.</param>
/// <param name="OpenSources">Opens what its image can come from, in order; asked once, and only when it is needed.</param>
/// <param name="Progress">Told about progress.</param>
public sealed record StepContext(DevicePorts Device, UpdatePlan Plan, ReleaseManifest Release, Func<StepContext, IReadOnlyList<IHostAppSource>> OpenSources, IAttemptProgress Progress)
{
    /// <summary>Bytes that are received between two checkpoints.</summary>
    public long CheckpointBytes { get; init; } = UpdateRun.DefaultCheckpointBytes;

    /// <summary>Where the image can come from, in order; their bytes are in the account.</summary>
    public IReadOnlyList<IHostAppSource> Sources
    {
        get
        {
            if (field is null)
                Account.Count(field = OpenSources(this));
            return field;
        }
    }

    /// <summary>Bytes on the wire of the attempt.</summary>
    public AttemptAccount Account => field ??= new AttemptAccount(Device.Files, Plan.AttemptId);

    /// <summary>Bytes that the budget leaves, over all processes of the attempt; manifest and updater, which the agent fetched, are in it, also an updater that it fetched again.</summary>
    public long BytesLeft => Policy.ByteBudget is > 0 and var budget ? budget - FetchedByAgent.GetValueOrDefault() - Account.Received : long.MaxValue;

    // Asked once: while a process works on the attempt the agent fetches nothing for it.
    private long? FetchedByAgent => field ??= AttemptBytes.FetchedByAgent(Device.Files, Plan.AttemptId, Plan);

    /// <summary>The policy as it is now: what is said on the device, then by the server, then in the plan.</summary>
    public UpdatePolicy Policy => OwnPolicy.Load(Device.Files).Over(Progress.Policy ?? Plan.Policy);

    /// <summary>What the policy holds back now.</summary>
    public PolicyHold Hold => field ??= new PolicyHold(Device, () => Policy);

    /// <summary>Whether the boot settings name the slot of this attempt already: it is too late for all but the reboot.</summary>
    /// <exception cref="HostupException"><c>boot-environment</c>.</exception>
    public bool IsSwitched => Device.Boot.Read().RootPartition == Plan.ToPartition;

    /// <summary>Ends the attempt here when the operator asked for it. After the switch it goes on all the same.</summary>
    /// <exception cref="HostupException"><c>cancelled</c> or <c>superseded</c>.</exception>
    public void HonourCancel()
    {
        var wishes = Progress.Wishes;
        if ((wishes & (AttemptWishes.Supersede | AttemptWishes.Cancel)) == 0 || IsSwitched)
            return;
        if (wishes.HasFlag(AttemptWishes.Supersede))
            throw new HostupException(HostupErrors.Superseded, "cannot go on with the update", "the operator asked for another one", "follow the newer attempt");
        throw new HostupException(HostupErrors.Cancelled, "cannot go on with the update", "the operator cancelled it", "start it again when it is wanted");
    }
}

/// <summary>What a step leaves in the journal.</summary>
/// <param name="Source">Where an image came from; null: the step has none.</param>
public sealed record StepResult(string? Source = null)
{
    /// <summary>Time in which sources were written from, without pauses and waits; null: nothing was fetched, or a process before had written a part.</summary>
    public TimeSpan? Fetching { get; init; }

    /// <summary>Update locks of applications that were passed over, and who held them; null: none was.</summary>
    public IReadOnlyList<string>? LocksOverridden { get; init; }

    /// <summary>Whether the supervisor ran when the step began; null: not asked, or it did not.</summary>
    public bool? SupervisorRan { get; init; }

    /// <summary>Done, nothing to say.</summary>
    public static StepResult Done { get; } = new();
}
