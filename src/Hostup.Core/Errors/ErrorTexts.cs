namespace Hostup.Core.Errors;

/// <summary>What an error code says to people, without the values of one case.</summary>
/// <param name="Phrase">What is the matter: a clause, lower case, without a full stop.</param>
/// <param name="Remedy">What to do, as docs/errors.md has it.</param>
public sealed record ErrorText(string Phrase, string Remedy);

/// <summary>The words of every error code. A test compares them with <see cref="HostupErrors.All"/> and with docs/errors.md.</summary>
public static class ErrorTexts
{
    private static readonly Dictionary<string, ErrorText> Texts = new(StringComparer.Ordinal)
    {
        [HostupErrors.Usage.Id] = new("the program was called with words that it does not understand", "see the command's `--help`"),
        [HostupErrors.BadValue.Id] = new("a value is malformed", "give the value in the form that the message names"),
        [HostupErrors.BadConfig.Id] = new("a configuration file is missing or malformed", "mend the file that the message names"),
        [HostupErrors.BadImage.Id] = new("the image is malformed or incomplete", "build or push the image again"),
        [HostupErrors.DigestMismatch.Id] = new("what arrived has another digest than it should have", "send it again; if it stays, the source is damaged"),
        [HostupErrors.NotFound.Id] = new("the server or registry does not have what is needed", "list what there is; publish or push what is missing"),
        [HostupErrors.Unauthorized.Id] = new("the server or registry does not know the device's key", "log in with a valid key"),
        [HostupErrors.Link.Id] = new("the link broke or the host cannot be reached", "look at network, address and whether the server runs"),
        [HostupErrors.ServerBusy.Id] = new("the server cannot serve now", "try again later; on the server look at `/readyz`"),
        [HostupErrors.RegistryAnswer.Id] = new("the registry answers what the specification does not allow", "check the registry's version and what stands between"),
        [HostupErrors.ByteBudget.Id] = new("the byte budget is used up", "start the update again with a budget for the rest; what is on the spare slot is kept"),
        [HostupErrors.Held.Id] = new("the policy lets nothing be fetched now", "nothing: it goes on when the policy allows it"),
        [HostupErrors.BadDelta.Id] = new("the delta is malformed or damaged", "get the delta again, build it anew, or use the full image"),
        [HostupErrors.DeltaOld.Id] = new("the delta was built from another tree than the device has", "use a delta from the tree that is there, or the full image"),
        [HostupErrors.NoDelta.Id] = new("there is no delta for this device", "nothing: the device takes the full image"),
        [HostupErrors.Signature.Id] = new("the device does not believe the signature", "sign with a key that the device's `trust.json` lists for that role"),
        [HostupErrors.TrustList.Id] = new("the device does not take the list of trusted keys", "sign a list with a higher version; publish every list since the image's own"),
        [HostupErrors.Expired.Id] = new("the time of the release is over", "sign the release again, or choose a newer one"),
        [HostupErrors.Requires.Id] = new("the release requires a feature that the updater does not know", "update through an older release first, or use a newer updater"),
        [HostupErrors.UpdaterTooOld.Id] = new("the release needs a newer updater", "publish a newer updater"),
        [HostupErrors.OsVersion.Id] = new("no path leads from the running version to the release", "choose the path or stepping stone that the message names"),
        [HostupErrors.DeviceType.Id] = new("the release is for another device type", "choose a release of the device's type"),
        [HostupErrors.NotNewer.Id] = new("the release is not newer than what runs", "choose a newer one, or ask for `--reinstall`"),
        [HostupErrors.SameSlot.Id] = new("the running and the spare slot are one device", "look at the partition table and the labels"),
        [HostupErrors.SlotLayout.Id] = new("the disk has a layout that cannot be updated", "do what the message says; docs/device-support.md"),
        [HostupErrors.RootSpace.Id] = new("the root file system does not fit the spare slot", "make the release smaller"),
        [HostupErrors.BootSpace.Id] = new("the boot partition has too little room", "make room on the boot partition"),
        [HostupErrors.BootNames.Id] = new("FAT cannot hold the name of a boot file", "rename the file in the release"),
        [HostupErrors.BootSlot.Id] = new("the boot loader might find no way back", "update first to a release that brings files of one slot and changes no other boot file (docs/os-builder.md)"),
        [HostupErrors.StateSpace.Id] = new("the state partition has too little room", "make room on the state partition"),
        [HostupErrors.DataSpace.Id] = new("there is no room for the updater", "make room on the data partition"),
        [HostupErrors.TrialPending.Id] = new("a trial of an earlier update has no verdict yet", "wait for the verdict, or reboot"),
        [HostupErrors.KnownBad.Id] = new("the release was rolled back on this device before", "read the cause of that attempt; publish a mended release"),
        [HostupErrors.OldOs.Id] = new("the spare slot holds no OS that can be gone back to", "update to the release that is wanted"),
        [HostupErrors.Clock.Id] = new("the clock of the device is wrong", "let the device synchronise its clock"),
        [HostupErrors.Engine.Id] = new("the container engine does not answer", "look at the engine's log on the device"),
        [HostupErrors.BootEnvironment.Id] = new("the boot environment cannot be read", "restore it as the message says"),
        [HostupErrors.Mkfs.Id] = new("the device cannot make the file system of the release", "sign with features that the device's mke2fs knows"),
        [HostupErrors.ImageMissing.Id] = new("no source has the image", "push the image, or name a fallback registry that has it"),
        [HostupErrors.PowerSupply.Id] = new("the battery may not last", "plug it in or charge it"),
        [HostupErrors.EngineStore.Id] = new("the engine of the release cannot open what is stored on the device", "update through a release whose engine opens it"),
        [HostupErrors.UpdateRunning.Id] = new("another update runs on the device", "wait for the process that the message names, or cancel it"),
        [HostupErrors.PlanStale.Id] = new("the device is not what the plan was made for", "make a new plan"),
        [HostupErrors.Policy.Id] = new("the device does not know a time zone of the policy", "install the time zone database on the device, or give the window in UTC"),
        [HostupErrors.SlotMismatch.Id] = new("the spare slot does not read back as it was signed", "try again; if it stays, the storage is failing"),
        [HostupErrors.SlotWrite.Id] = new("the spare slot cannot be written", "look at the device's kernel log for storage errors"),
        [HostupErrors.AllSources.Id] = new("no source of the image worked", "read each source's reason in the log"),
        [HostupErrors.Supervisor.Id] = new("the supervisor cannot be stopped or started", "look at the supervisor's unit on the device"),
        [HostupErrors.BootFiles.Id] = new("the boot files cannot be written", "look at the boot partition"),
        [HostupErrors.BootAreas.Id] = new("the raw areas of the boot loader do not fit the device", "sign the release with the places of this board"),
        [HostupErrors.SwitchBoot.Id] = new("the boot settings cannot be switched", "look at the boot environment"),
        [HostupErrors.Hook.Id] = new("a hook of the release failed", "read what it said in the attempt's log; sign the release again with a hook that is mended"),
        [HostupErrors.RolledBackAltboot.Id] = new("the boot loader came back to the old slot", "read the serial log: the new OS did not reach user space"),
        [HostupErrors.RolledBackHealth.Id] = new("the new OS failed its health checks", "read which check failed in the attempt's message"),
        [HostupErrors.Inconclusive.Id] = new("the new OS failed its health checks, and the old one fails the same", "mend what both miss, as a rule a network; the server tries it again after a pause"),
        [HostupErrors.Cancelled.Id] = new("the operator cancelled it", "start another one when wanted"),
        [HostupErrors.Superseded.Id] = new("a newer update took its place", "follow the newer attempt"),
        [HostupErrors.NoProgress.Id] = new("it was resumed five times without progress", "read the log of the attempt"),
        [HostupErrors.Journal.Id] = new("a file on the state partition cannot be read or written", "look at the state partition and the kernel log; it is tried again, also after a reboot"),
        [HostupErrors.Medium.Id] = new("a file of the device cannot be read or written", "look at mounts, free space and kernel log of the device; replace a medium that fails"),
        [HostupErrors.Program.Id] = new("an external program failed", "read its output in the message"),
        [HostupErrors.Conflict.Id] = new("it cannot be done in this state", "do what the message says first"),
        [HostupErrors.Cloned.Id] = new("two machines use the identity of the device", "see `hostup device show`; flash one of them again with a uuid of its own"),
        [HostupErrors.Forbidden.Id] = new("the device's key does not allow it", "use a key of the kind or in the role that the message names"),
        [HostupErrors.TooMany.Id] = new("too many requests were sent, or too many wrong credentials", "ask again after the time that the message names; look what sends so many"),
        [HostupErrors.TooLarge.Id] = new("a request is larger than the server takes", "send less at once"),
        [HostupErrors.Invalidated.Id] = new("the operator invalidated the release", "choose another release"),
        [HostupErrors.Bug.Id] = new("the program met a state that it held impossible", "send the log to the developers"),
        [HostupErrors.Lab.Id] = new("the lab lacks a tool or a virtual device does not answer", "install what the message names"),
    };

    /// <summary>The words of a code; null: this program does not know the code, a newer one wrote it.</summary>
    /// <param name="code">Id of the code.</param>
    public static ErrorText? Of(string code) => Texts.GetValueOrDefault(code);
}
