using System.Globalization;
using Hostup.Core;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;

namespace Hostup.Lab.Sim;

/// <summary>The boot loader of a simulated device: it counts boots of a trial, and takes the other slot at its limit or when a kernel does not load.</summary>
internal static class SimBootLoader
{
    private static readonly string[] LoaderFiles = ["EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/grub.cfg"];

    /// <summary>Path of the kernel of a slot on the boot partition.</summary>
    public static string KernelOf(SimSlot slot) => string.Create(CultureInfo.InvariantCulture, $"{Places.Boot}/slot-{slot.PartitionNumber:x}/vmlinuz");

    /// <summary>Puts there what it needs of the release that a device is delivered with.</summary>
    public static void Provision(SimDevice device, SimRelease release)
    {
        if (release.LoaderChoosesBySlot)
            device.Boot.Provision(KernelOf(device.SlotA), release.Kernel);
    }

    /// <summary>Plays it.</summary>
    /// <returns>The slot that it boots; null when the device is lost.</returns>
    public static SimSlot? Play(SimDevice device, IReadOnlyDictionary<Digest, SimRelease> known)
    {
        if (!FindsItself(device, known))
            return Lost(device, "no copy of the boot loader is whole");
        if (CorruptFile(device, known) is { } corrupt)
            return Lost(device, $"boot file {corrupt} is neither the old nor the new one");
        BootSettings settings;
        try
        {
            settings = device.Device.Boot.Read();
        }
        catch (Core.Errors.HostupException e)
        {
            return Lost(device, e.Message);
        }
        bool other = false;
        if (settings.UpgradeAvailable)
        {
            int count = Math.Min(settings.BootCount + 1, device.Device.Boot.FallbackBoot);
            other = count == device.Device.Boot.FallbackBoot;
            device.Family.Count(device, settings, count);
        }
        var chosen = settings.RootPartition == device.SlotA.PartitionNumber ? device.SlotA : device.SlotB;
        var fallback = chosen == device.SlotA ? device.SlotB : device.SlotA;
        var taken = other || !Loads(device, chosen, known) ? fallback : chosen;
        return taken == chosen || Loads(device, taken, known) ? taken : Lost(device, $"the boot loader comes back to {taken.Label} and finds no kernel of it");
    }

    // The board tries the copies in order; each has a checksum.
    private static bool FindsItself(SimDevice device, IReadOnlyDictionary<Digest, SimRelease> known) =>
        known.Values.FirstOrDefault(r => r.LoaderCopies is not []) is not { } board
        || board.LoaderCopies.Any(c => known.Values.Any(r => r.Loader is { } loader && device.Media.FaultOf(c.Medium, c.OffsetBytes, loader.Length) is null && device.Media.Read(c.Medium, c.OffsetBytes, loader.Length).AsSpan().SequenceEqual(loader)));

    // Where the loader goes by slots, the kernel of the slot's directory must be that of its root.
    private static bool Loads(SimDevice device, SimSlot slot, IReadOnlyDictionary<Digest, SimRelease> known) =>
        slot.Files?.ContainsKey("sbin/init") == true && slot.TreeDigest is { } digest && known.TryGetValue(digest, out var release)
        && (!SimRelease.ChoosesBySlot(device.Boot.Read($"{Places.Boot}/EFI/BOOT/grub.cfg")!)
            || (release.BringsSlotFiles && device.Boot.Read(KernelOf(slot)) is { } kernel && kernel.AsSpan().SequenceEqual(release.Kernel)));

    private static string? CorruptFile(SimDevice device, IReadOnlyDictionary<Digest, SimRelease> known) => LoaderFiles
        .FirstOrDefault(path => device.Boot.Read($"{Places.Boot}/{path}") is not { } found || !known.Values.Any(r => r.BootFiles[path].AsSpan().SequenceEqual(found)));

    private static SimSlot? Lost(SimDevice device, string why)
    {
        device.Brick(why);
        return null;
    }
}
