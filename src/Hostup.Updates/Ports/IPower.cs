namespace Hostup.Updates.Ports;

/// <summary>This boot of the machine.</summary>
public interface IPower
{
    /// <summary>Names this boot: /proc/sys/kernel/random/boot_id.</summary>
    string BootId { get; }

    /// <summary>Asks for an orderly reboot. Returns at once; the process is ended by it.</summary>
    void Reboot(string why);
}
