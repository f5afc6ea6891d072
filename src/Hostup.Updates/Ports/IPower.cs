using Hostup.Core.Errors;

namespace Hostup.Updates.Ports;

/// <summary>This boot of the machine.</summary>
public interface IPower
{
    /// <summary>Names this boot: /proc/sys/kernel/random/boot_id.</summary>
    string BootId { get; }

    /// <summary>Whether this machine has a watchdog that resets it when it hangs.</summary>
    bool HasWatchdog { get; }

    /// <summary>
    /// A hang or a panic of the OS that runs is to end in a reset, so that the boot loader can fall back: arms the watchdog where there is one, and the
    /// kernel's reset after a panic. A machine that cannot is left as it is.
    /// </summary>
    void ResetWhenStuck();

    /// <summary>Arms a reboot that is forced when no orderly one comes, and asks for the orderly one. Returns at once; the process is ended by it.</summary>
    /// <exception cref="HostupException"><c>program</c>: it cannot be asked for. The forced one comes all the same until it is called off.</exception>
    void Reboot(string why);

    /// <summary>Calls off what <see cref="Reboot"/> armed: the OS that runs is to stay. Idempotent; nothing happens when nothing is armed.</summary>
    /// <exception cref="HostupException"><c>program</c>: it may still come.</exception>
    void CallOffReboot();
}
