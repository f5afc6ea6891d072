namespace Hostup.Lab.Boot;

/// <summary>
/// The boot script of a release, as upstream's U-Boot integration works: it reads what user space wrote, counts the boots of a trial and takes the other slot
/// above the limit. It writes nothing but <c>bootcount.env</c>; user space settles the rest.
/// </summary>
public static class UBootScript
{
    /// <summary>Boots of a trial that may fail, where extra_uEnv.txt says nothing: upstream's OS_BOOTCOUNT_LIMIT.</summary>
    public const int Limit = 3;

    /// <summary>Where files are read to. The kernel and this script have addresses of U-Boot's own.</summary>
    private const string Environment = "0x2000000", Initrd = "0x8000000";

    /// <summary>The counter has one digit; upstream writes 13 bytes of it: name, digit, end of line, NUL.</summary>
    private const int MostCounted = 9;

    private const string BootPartition = "${devtype} ${devnum}:${distro_bootpart}";
    private const string Root = "${devtype} ${devnum}:${root_part}";

    /// <summary>The script of a release.</summary>
    /// <param name="osVersion">Version of the release, for the console.</param>
    public static string Text(string osVersion) => $$"""
        # boot script of release {{osVersion}}
        echo "HOSTUP-LAB: U-Boot runs the script of release {{osVersion}}"
        if load {{BootPartition}} {{Environment}} resinOS_uEnv.txt; then
          env import -t {{Environment}} ${filesize} resin_root_part upgrade_available
        fi
        if test -e {{BootPartition}} extra_uEnv.txt; then
          load {{BootPartition}} {{Environment}} extra_uEnv.txt
          env import -t {{Environment}} ${filesize} os_bc_lim extra_os_cmdline
        fi
        if test -e {{BootPartition}} bootcount.env; then
          load {{BootPartition}} {{Environment}} bootcount.env
          env import -t {{Environment}} ${filesize} bootcount
        fi
        # an import deletes what is named and not in the file
        test -n "${resin_root_part}" || setenv resin_root_part 2
        test -n "${upgrade_available}" || setenv upgrade_available 0
        test -n "${os_bc_lim}" || setenv os_bc_lim {{Limit}}
        test -n "${bootcount}" || setenv bootcount 0
        echo "HOSTUP-LAB: environment resin_root_part=${resin_root_part} upgrade_available=${upgrade_available} bootcount=${bootcount} limit=${os_bc_lim}"

        if test "${resin_root_part}" = "2"; then setenv slot A; else setenv slot B; fi
        if test "${upgrade_available}" = "1"; then
          # this U-Boot has no setexpr
          setenv counted {{MostCounted}}
        {{Ladder()}}
          setenv bootcount ${counted}
          env export -t -s 0x400 {{Environment}} bootcount
          fatwrite {{BootPartition}} {{Environment}} /bootcount.env 0xd
          if test ${bootcount} -gt ${os_bc_lim}; then
            echo "HOSTUP-LAB: falling back from slot ${slot}"
            if test "${slot}" = "A"; then setenv slot B; else setenv slot A; fi
          fi
        fi

        # nor has it fsuuid: the root is named by its partition
        if test "${slot}" = "A"; then setenv root_part 2; else setenv root_part 3; fi
        setenv bootargs "root=/dev/vda${root_part} {{LabBootLoader.KernelArguments}} ${extra_os_cmdline}"
        if load {{Root}} ${kernel_addr_r} /boot/vmlinuz; then
          if load {{Root}} {{Initrd}} /boot/initrd.img; then
            echo "{{LabBootLoader.SlotMarker}}${slot}"
            zboot ${kernel_addr_r} 0 {{Initrd}} ${filesize}
          fi
        fi
        echo "HOSTUP-LAB: slot ${slot} does not boot"
        sleep 3
        reset

        """;

    private static string Ladder() =>
        string.Join('\n', Enumerable.Range(0, MostCounted - 1).Select(n => $"  if test \"${{bootcount}}\" = \"{n}\"; then setenv counted {n + 1}; fi"));
}
