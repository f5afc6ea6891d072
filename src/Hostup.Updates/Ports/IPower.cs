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

    /// <summary>Asks for an orderly reboot. Returns at once; the process is ended by it.</summary>
    void Reboot(string why);
}
