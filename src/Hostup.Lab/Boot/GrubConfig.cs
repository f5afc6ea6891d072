namespace Hostup.Lab.Boot;

/// <summary>
/// The boot loader's configuration, shipped as a boot file of the release. Slots are found by partition number on the disk that
/// GRUB came from; user space settles what the loader decided, so a fallback changes neither the root nor the trial variable.
/// </summary>
public static class GrubConfig
{
    /// <summary>Built into the loader: finds the boot partition and hands over to the configuration on it.</summary>
    public const string Embedded = """
        search --no-floppy --label RESIN-BOOT --set=bootdev
        export bootdev
        configfile ($bootdev)/EFI/BOOT/grub.cfg

        """;

    /// <summary>The configuration file of a release.</summary>
    /// <param name="osVersion">Version of the release, for the console.</param>
    public static string Text(string osVersion) => $$"""
        # boot configuration of release {{osVersion}}
        serial --unit=0 --speed=115200
        terminal_input serial
        terminal_output serial
        set timeout=0

        set resin_root_part=2
        set upgrade_available=0
        set bootcount=0
        load_env --file ($bootdev)/EFI/BOOT/grubenv resin_root_part upgrade_available bootcount
        echo "HOSTUP-LAB: environment resin_root_part=$resin_root_part upgrade_available=$upgrade_available bootcount=$bootcount"

        # the first boot of a trial counts to 1, every later one to 2: then the other slot is booted
        set fallback=0
        if [ "$upgrade_available" = "1" ]; then
          if [ "$bootcount" = "0" ]; then
            set bootcount=1
            save_env --file ($bootdev)/EFI/BOOT/grubenv bootcount
          elif [ "$bootcount" = "1" ]; then
            set bootcount=2
            save_env --file ($bootdev)/EFI/BOOT/grubenv bootcount
          fi
          if [ "$bootcount" = "2" ]; then
            set fallback=1
          fi
        fi

        regexp --set=1:disk '^(hd[0-9]+)' "$bootdev"

        function boot_slot {
          set partition="$1"
          set letter="$2"
          if probe --set=rootuuid --fs-uuid ($disk,gpt$partition); then
            if linux ($disk,gpt$partition)/boot/vmlinuz root=UUID=$rootuuid {{LabBootLoader.KernelArguments}}; then
              if initrd ($disk,gpt$partition)/boot/initrd.img; then
                echo "{{LabBootLoader.SlotMarker}}$letter"
                boot
              fi
            fi
          fi
          echo "HOSTUP-LAB: slot $letter does not boot"
        }

        if [ "$resin_root_part" = "2" ]; then
          set slot=A
        else
          set slot=B
        fi
        if [ "$fallback" = "1" ]; then
          echo "HOSTUP-LAB: falling back from slot $slot"
          if [ "$slot" = "A" ]; then
            set slot=B
          else
            set slot=A
          fi
        fi

        if [ "$slot" = "A" ]; then
          boot_slot 2 A
          boot_slot 3 B
        else
          boot_slot 3 B
          boot_slot 2 A
        fi
        sleep 3
        reboot

        """;
}
