using System.Text;
using Hostup.Core.Errors;
using Hostup.Lab.Sim;
using Hostup.Updates.BootFiles;
using Hostup.Updates.Files;

namespace Hostup.Updates.Tests.BootFiles;

public sealed class BootPartitionTests
{
    private const int Running = 2, Spare = 3;
    private const string Set = SimFiles.SpareMount + Places.OwnBootFiles;
    private readonly SimRelease _old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private readonly SimRelease _new = SimRelease.Make("2.101.0", SimBehaviour.Good);

    [Fact]
    public void Files_that_somebody_changed_are_named_and_come_back_as_they_were()
    {
        var (device, boot) = Device();
        string before = BootFileSnapshot.Of(device);

        var changed = boot.Install(Set, KeptBack.BuiltIn, Running, Spare);
        string installed = BootFileSnapshot.Of(device);
        boot.Restore(Running, KeptBack.BuiltIn);

        Assert.Equal(["cmdline.txt"], changed);
        Assert.NotEqual(before, installed);
        Assert.Equal(before, BootFileSnapshot.Of(device));
    }

    [Fact]
    public void A_name_that_FAT_may_have_given_to_a_file_of_the_owner_is_refused_before_anything_is_touched()
    {
        var (device, boot) = Device();
        device.Boot.Provision(Places.Boot + "/overlays/owners-overlay.dtbo", "the owner's"u8.ToArray());
        device.SpareSlot.Files!["resin-boot/overlays/OWNERS~1.DTB"] = "the release's"u8.ToArray();
        string before = BootFileSnapshot.Of(device);

        var error = Assert.Throws<HostupException>(() => boot.Install(Set, KeptBack.BuiltIn, Running, Spare));

        Assert.Contains("overlays/owners-overlay.dtbo", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, BootFileSnapshot.Of(device));
    }

    [Theory]
    [InlineData("raspberrypi3", true)]
    [InlineData("qemux86-64", false)]
    public void What_older_releases_of_a_device_type_left_goes_and_comes_back_with_them(string deviceType, bool goes)
    {
        var (device, boot) = Device();
        device.Boot.Provision(Places.Boot + "/config.json", Encoding.UTF8.GetBytes($$"""{"deviceType":"{{deviceType}}"}"""));
        device.Boot.Provision(Places.Boot + "/start_db.elf", "an older release's"u8.ToArray());
        string before = BootFileSnapshot.Of(device);

        boot.Install(Set, KeptBack.BuiltIn, Running, Spare);
        bool gone = device.Boot.Read(Places.Boot + "/start_db.elf") is null;
        boot.Restore(Running, KeptBack.BuiltIn);

        Assert.Equal((goes, before), (gone, BootFileSnapshot.Of(device)));
    }

    [Theory]
    [InlineData("intel-nuc", "2.49.0", false)]
    [InlineData("intel-nuc", "2.50.0+rev1", true)]
    [InlineData("intel-nuc", "2024.1.1", true)]
    [InlineData("up-board", "2.12.0", true)]
    public void What_a_release_without_a_list_keeps_back_depends_on_device_type_and_version(string deviceType, string version, bool keeps)
    {
        var release = _new.Manifest(sequence: 2) with { DeviceType = deviceType, Version = version, KeptBack = null };

        var kept = KeptBack.Of(release);

        Assert.Equal(keeps, kept.Contains("efi/boot/grub_extraenv"));
        Assert.Superset(new HashSet<string> { "config.json", "config.txt", "splash/resin-logo.png", "EFI/BOOT/grubenv", "resinOS_uEnv.txt" }, kept.ToHashSet());
    }

    [Fact]
    public void A_file_of_the_owner_in_the_place_of_a_new_one_comes_back()
    {
        var (device, boot) = Device();
        device.Boot.Provision(Places.Boot + "/overlays/2.101.0.dtbo", "the owner's"u8.ToArray());
        string before = BootFileSnapshot.Of(device);

        boot.Install(Set, KeptBack.BuiltIn, Running, Spare);
        boot.Restore(Running, KeptBack.BuiltIn);

        Assert.Equal(before, BootFileSnapshot.Of(device));
    }

    [Fact]
    public void A_stock_file_that_the_owner_changed_and_no_update_touches_stays()
    {
        var (device, boot) = Device();
        device.Boot.Provision(Places.Boot + "/overlays/2.100.0.dtbo", "the owner's"u8.ToArray());
        string before = BootFileSnapshot.Of(device);

        boot.Install(Set, KeptBack.BuiltIn, Running, Spare);
        boot.Restore(Running, KeptBack.BuiltIn);

        Assert.Equal(before, BootFileSnapshot.Of(device));
    }

    [Theory]
    [InlineData("/mnt/boot/hostup-new/0")]
    [InlineData("/mnt/boot/hostup-old/0")]
    [InlineData("/mnt/boot/slot-3/vmlinuz")]
    public void What_does_not_read_back_as_written_is_never_put_in_place(string corrupt)
    {
        var (device, boot) = Device();
        string before = BootFileSnapshot.Of(device);
        device.Files.CorruptPath = corrupt;

        var error = Assert.Throws<HostupException>(() => boot.Install(Set, KeptBack.BuiltIn, Running, Spare));
        device.Files.CorruptPath = null;
        boot.Restore(Running, KeptBack.BuiltIn);

        Assert.Equal(HostupErrors.BootFiles, error.Code);
        Assert.Equal(before, BootFileSnapshot.Of(device));
    }

    [Fact]
    public void After_the_switch_the_new_set_stays()
    {
        var (device, boot) = Device();
        boot.Install(Set, KeptBack.BuiltIn, Running, Spare);

        boot.Restore(Spare, KeptBack.BuiltIn);

        Assert.Equal(_new.BootFiles["cmdline.txt"], device.Boot.Read(Places.Boot + "/cmdline.txt"));
        Assert.DoesNotContain(device.Files.ListFiles(Places.Boot), p => p.StartsWith("hostup-", StringComparison.Ordinal));
        Assert.False(device.Files.Exists(Places.BootFilesTouched));
    }

    [Fact]
    public void Space_that_is_short_by_one_byte_refuses_before_anything_is_touched()
    {
        var (device, boot) = Device();
        long needed = boot.Need(Set, KeptBack.BuiltIn, Running, Spare).Bytes;
        Fill(device, device.Boot.FreeBytes - needed);
        Assert.Equal(needed, device.Boot.FreeBytes);
        Fill(device, 4096);
        int effects = device.Power.Effects;

        var error = Assert.Throws<HostupException>(() => boot.Install(Set, KeptBack.BuiltIn, Running, Spare));

        Assert.Equal(HostupErrors.BootSpace, error.Code);
        Assert.Equal(effects, device.Power.Effects);
        device.Boot.Delete(Places.Boot + "/filler-4096");
        boot.Install(Set, KeptBack.BuiltIn, Running, Spare);
    }

    [Fact]
    public void Leftovers_of_a_repair_stay_while_there_is_room_and_go_with_the_commit()
    {
        var (device, boot) = Device();
        device.Boot.Provision(Places.Boot + "/FSCK0000.REC", []);

        boot.Install(Set, KeptBack.BuiltIn, Running, Spare);
        bool stayed = device.Files.Exists(Places.Boot + "/FSCK0000.REC");
        boot.Settle();

        Assert.Equal((true, false), (stayed, device.Files.Exists(Places.Boot + "/FSCK0000.REC")));
    }

    [Theory]
    [InlineData("EFI/BOOT/bootx64.efi", "case")]
    [InlineData("kernel:old", "kernel:old")]
    [InlineData("overlays/21010~1.DTB", "overlays/2.101.0.dtbo")]
    [InlineData("trailing.", "trailing.")]
    public void A_set_that_fat_cannot_hold_is_refused_before_anything_is_touched(string path, string why)
    {
        _new.Files["resin-boot/" + path] = "x"u8.ToArray();
        var (device, boot) = Device();
        int effects = device.Power.Effects;

        var error = Assert.Throws<HostupException>(() => boot.Install(Set, KeptBack.BuiltIn, Running, Spare));

        Assert.Contains(why, error.Why, StringComparison.Ordinal);
        Assert.Equal(effects, device.Power.Effects);
    }

    [Theory]
    [InlineData("backup~1.txt")] // nothing begins like it
    [InlineData("cmdlin~1.txt")] // cmdline.txt is short enough to have no second name
    public void A_name_with_a_tilde_that_no_longer_one_gets_is_installed(string path)
    {
        _new.Files["resin-boot/" + path] = "x"u8.ToArray();
        var (device, boot) = Device();

        boot.Install(Set, KeptBack.BuiltIn, Running, Spare);

        Assert.Equal("x"u8.ToArray(), device.Boot.Read($"{Places.Boot}/{path}"));
    }

    [Theory]
    [InlineData("hostup-new/0", "EFI/BOOT/grub.cfg")] // the staged name shows the file in use
    [InlineData("EFI/BOOT/grub.cfg", "hostup-new/0")] // the name in use shows the staged file
    public void Two_names_of_one_file_that_a_cut_left_end_as_one_name_with_the_old_content(string changed, string shown)
    {
        var (device, boot) = Device();
        string before = BootFileSnapshot.Of(device);
        AtomicFile.Write(device.Files, Places.BootFilesTouched, "/from 2\n/replaced EFI/BOOT/grub.cfg"u8);
        device.Boot.Provision(Places.Boot + "/hostup-new/0", _new.BootFiles["EFI/BOOT/grub.cfg"]);
        device.Boot.Exchange($"{Places.Boot}/{changed}", $"{Places.Boot}/{shown}");
        device.Boot.PowerCut(Unflushed.FirstName);
        Assert.Equal(device.Boot.Read($"{Places.Boot}/{shown}"), device.Boot.Read($"{Places.Boot}/{changed}"));

        boot.Restore(Running, KeptBack.BuiltIn);
        device.Boot.PowerCut(Unflushed.Lost);

        Assert.Equal(before, BootFileSnapshot.Of(device));
        Assert.False(device.Files.Exists(Places.BootFilesTouched));
    }

    /// <summary>Nobody repaired it: the repair failed, or the state partition has forgotten what was touched.</summary>
    [Theory]
    [InlineData("hostup-new/0", "EFI/BOOT/grub.cfg", true)]
    [InlineData("EFI/BOOT/grub.cfg", "hostup-new/0", true)]
    [InlineData("hostup-new/0", "EFI/BOOT/grub.cfg", false)]
    [InlineData("EFI/BOOT/grub.cfg", "hostup-new/0", false)]
    public void Two_names_of_one_file_cost_it_neither_at_a_commit_nor_at_the_next_installation(string changed, string shown, bool commit)
    {
        var (device, boot) = Device();
        device.Boot.Provision(Places.Boot + "/hostup-new/0", _new.BootFiles["EFI/BOOT/grub.cfg"]);
        device.Boot.Exchange($"{Places.Boot}/{changed}", $"{Places.Boot}/{shown}");
        device.Boot.PowerCut(Unflushed.FirstName);
        byte[] inUse = device.Files.Read(Places.Boot + "/EFI/BOOT/grub.cfg");
        if (commit)
            AtomicFile.Write(device.Files, Places.BootFilesTouched, "/from 2\n/replaced EFI/BOOT/grub.cfg"u8);

        if (commit)
            boot.Settle();
        else
            boot.Install(Set, KeptBack.BuiltIn, Running, Spare);
        device.Boot.PowerCut(Unflushed.Lost);

        Assert.Equal(commit ? inUse : _new.BootFiles["EFI/BOOT/grub.cfg"], device.Files.Read(Places.Boot + "/EFI/BOOT/grub.cfg"));
        Assert.Equal(!commit, device.Files.Exists(Places.BootFilesTouched));
    }

    [Theory]
    [InlineData(Running)]
    [InlineData(Spare)]
    public void A_staging_directory_that_a_cut_left_unreadable_keeps_nothing_open(int runs)
    {
        var (device, boot) = Device();
        AtomicFile.Write(device.Files, Places.BootFilesTouched, "/from 2\n/replaced EFI/BOOT/grub.cfg"u8);
        device.Boot.Provision(Places.Boot + "/hostup-new/0", _new.BootFiles["EFI/BOOT/grub.cfg"]);
        device.Files.UnreadablePath = Places.Boot + "/hostup-new";

        boot.Restore(runs, KeptBack.BuiltIn);

        Assert.False(device.Files.Exists(Places.BootFilesTouched));
    }

    [Fact]
    public void What_lies_in_lost_and_found_is_no_boot_file_and_goes_with_the_commit()
    {
        _new.Files["resin-boot/lost+found/x"] = "of the builder's file system"u8.ToArray();
        var (device, boot) = Device();
        device.Boot.Provision(Places.Boot + "/lost+found/y", "of ours"u8.ToArray());

        boot.Install(Set, KeptBack.BuiltIn, Running, Spare);
        boot.Settle();

        Assert.DoesNotContain(device.Files.ListFiles(Places.Boot), p => p.StartsWith("lost+found", StringComparison.Ordinal));
    }

    [Fact]
    public void A_kept_back_file_is_installed_only_when_it_is_one_of_upstreams_two_and_missing()
    {
        foreach (string path in new[] { "extra_uEnv.txt", "EFI/BOOT/grub_extraenv", "configfs.json" })
            _new.Files["resin-boot/" + path] = "stock"u8.ToArray();
        var (device, boot) = Device();
        device.Boot.Provision(Places.Boot + "/EFI/BOOT/grub_extraenv", "the owner's"u8.ToArray());

        boot.Install(Set, KeptBack.BuiltIn, Running, Spare);

        Assert.Equal("stock"u8.ToArray(), device.Boot.Read(Places.Boot + "/extra_uEnv.txt"));
        Assert.Equal("the owner's"u8.ToArray(), device.Boot.Read(Places.Boot + "/EFI/BOOT/grub_extraenv"));
        Assert.Null(device.Boot.Read(Places.Boot + "/configfs.json"));
    }

    [Theory]
    [InlineData("stock logo", "new logo")]
    [InlineData("the owner's logo", "the owner's logo")]
    public void The_logo_moves_to_its_new_name(string found, string expected)
    {
        _old.Files["resin-boot/splash/resin-logo.png"] = "stock logo"u8.ToArray();
        _new.Files["resin-boot/splash/balena-logo.png"] = "new logo"u8.ToArray();
        var (device, boot) = Device();
        device.Boot.Provision(Places.Boot + "/splash/resin-logo.png", Encoding.UTF8.GetBytes(found));
        string before = BootFileSnapshot.Of(device);

        boot.Install(Set, KeptBack.BuiltIn, Running, Spare);

        Assert.Equal(expected, Encoding.UTF8.GetString(device.Boot.Read(Places.Boot + "/splash/balena-logo.png")!));
        Assert.Null(device.Boot.Read(Places.Boot + "/splash/resin-logo.png"));
        boot.Restore(Running, KeptBack.BuiltIn);
        Assert.Equal(before, BootFileSnapshot.Of(device));
    }

    [Fact]
    public void A_set_that_ships_the_logo_under_both_names_has_it_under_both()
    {
        _new.Files["resin-boot/splash/resin-logo.png"] = "old name"u8.ToArray();
        _new.Files["resin-boot/splash/balena-logo.png"] = "new name"u8.ToArray();
        _new.Files["resin-boot/balenaos.fingerprint"] = "as it was built"u8.ToArray();
        var (device, boot) = Device();
        device.Boot.Provision(Places.Boot + "/splash/resin-logo.png", "older"u8.ToArray());

        boot.Install(Set, KeptBack.Of(_new.Manifest(sequence: 2) with { KeptBack = ["splash/balena-logo.png"] }), Running, Spare);

        Assert.Equal("old name"u8.ToArray(), device.Boot.Read(Places.Boot + "/splash/resin-logo.png"));
    }

    [Theory]
    [InlineData("""{"uuid":"a","developmentMode":false}""", false)]
    [InlineData("""{"uuid":"a"}""", true)]
    public void A_development_image_becomes_a_setting_unless_it_is_one_already(string config, bool changes)
    {
        _old.Files["etc/os-release"] = Encoding.UTF8.GetBytes("VERSION=\"2.100.0\"\nVARIANT=\"Development\"\nSLUG=sim-device\n");
        var (device, boot) = Device();
        device.Boot.Provision(Places.Boot + "/config.json", Encoding.UTF8.GetBytes(config));

        boot.Install(Set, KeptBack.BuiltIn, Running, Spare);

        string now = Encoding.UTF8.GetString(device.Boot.Read(Places.Boot + "/config.json")!);
        Assert.Equal(changes, now.Contains("\"developmentMode\":true", StringComparison.Ordinal));
        Assert.Contains("\"uuid\":\"a\"", now, StringComparison.Ordinal);
    }

    [Fact]
    public void The_fingerprint_lists_what_lies_there_afterwards()
    {
        _new.Files["resin-boot/balenaos.fingerprint"] = "as it was built"u8.ToArray();
        var (device, boot) = Device();

        boot.Install(Set, KeptBack.BuiltIn, Running, Spare);

        var lines = Encoding.UTF8.GetString(device.Boot.Read(Places.Boot + "/balenaos.fingerprint")!).Split('\n', StringSplitOptions.RemoveEmptyEntries);
#pragma warning disable CA5351 // the format of the file
        Assert.Equal(lines.Select(l => l[34..]).Select(p => $"{Convert.ToHexStringLower(System.Security.Cryptography.MD5.HashData(device.Boot.Read($"{Places.Boot}/{p}")!))}  {p}"), lines);
#pragma warning restore CA5351
        Assert.Equal(["EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/grub.cfg", "cmdline.txt", "config.txt", "overlays/2.100.0.dtbo", "overlays/2.101.0.dtbo"], lines.Select(l => l[34..]));
    }

    [Fact]
    public void The_fingerprint_that_the_device_wrote_is_no_file_that_somebody_changed_and_says_nothing_of_settings()
    {
        var third = SimRelease.Make("2.102.0", SimBehaviour.Good);
        foreach (var release in new[] { _old, _new, third })
            release.Files["resin-boot/balenaos.fingerprint"] = Encoding.UTF8.GetBytes($"as {release.Version} was built");
        var (device, boot) = Device();
        device.Boot.Provision(Places.Boot + "/config.json", """{"uuid":"a"}"""u8.ToArray());
        device.Boot.Provision(Places.Boot + "/config.json.copy", """{"uuid":"a"}"""u8.ToArray());
        Assert.Equal(["cmdline.txt"], boot.Install(Set, KeptBack.BuiltIn, Running, Spare));
        boot.Settle();
        device.RunningSlot.Provision(_new);
        device.SpareSlot.Provision(third);
        string before = BootFileSnapshot.Of(device);

        var changed = boot.Install(Set, KeptBack.BuiltIn, Running, Spare);

        Assert.Empty(changed);
        string fingerprint = Encoding.UTF8.GetString(device.Boot.Read(Places.Boot + "/balenaos.fingerprint")!);
        Assert.Contains("overlays/2.102.0.dtbo", fingerprint, StringComparison.Ordinal);
        Assert.DoesNotContain("config.json", fingerprint, StringComparison.Ordinal);
        boot.Restore(Running, KeptBack.BuiltIn);
        Assert.Equal(before, BootFileSnapshot.Of(device));
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("config.json.copy")]
    public void No_list_of_a_release_lets_it_replace_the_devices_settings(string path)
    {
        _new.Files["resin-boot/" + path] = """{"uuid":"the release's"}"""u8.ToArray();
        var (device, boot) = Device();
        device.Boot.Provision($"{Places.Boot}/{path}", """{"uuid":"a"}"""u8.ToArray());
        var kept = KeptBack.Of(_new.Manifest(sequence: 2) with { KeptBack = ["extlinux.conf"] });

        boot.Install(Set, kept, Running, Spare);

        Assert.Equal("""{"uuid":"a"}"""u8.ToArray(), device.Boot.Read($"{Places.Boot}/{path}"));
        Assert.Equal(_new.BootFiles["config.txt"], device.Boot.Read(Places.Boot + "/config.txt"));
    }

    [Fact]
    public void A_development_image_goes_to_a_set_with_settings_and_a_fingerprint_in_it()
    {
        _old.Files["etc/os-release"] = "VERSION=\"2.100.0\"\nVARIANT=\"Development\"\nSLUG=sim-device\n"u8.ToArray();
        _new.Files["resin-boot/config.json"] = """{"uuid":"the release's"}"""u8.ToArray();
        _new.Files["resin-boot/balenaos.fingerprint"] = "as it was built"u8.ToArray();
        var (device, boot) = Device();
        device.Boot.Provision(Places.Boot + "/config.json", """{"uuid":"a"}"""u8.ToArray());

        boot.Install(Set, KeptBack.Of(_new.Manifest(sequence: 2) with { KeptBack = [] }), Running, Spare);

        Assert.Equal("""{"uuid":"a","developmentMode":true}""" + "\n", Encoding.UTF8.GetString(device.Boot.Read(Places.Boot + "/config.json")!));
    }

    [Theory]
    [InlineData("""{"uuid":"b","uuid":"c"}""")]
    [InlineData("""{"uuid":"b","wifi":{"key":"1","key":"2"}}""")]
    [InlineData("""{"uuid":"b","wifi":{"key":"\ud800"}}""")]
    [InlineData("""{"uuid":"b",""")]
    [InlineData("[]")]
    public void Settings_that_nobody_can_read_end_no_installation_and_the_good_copy_goes_before_them(string config)
    {
        _old.Files["etc/os-release"] = "VERSION=\"2.100.0\"\nVARIANT=\"Development\"\nSLUG=sim-device\n"u8.ToArray();
        var (device, boot) = Device();
        device.Boot.Provision(Places.Boot + "/config.json", Encoding.UTF8.GetBytes(config));

        boot.Install(Set, KeptBack.BuiltIn, Running, Spare);
        Assert.Equal(config, Encoding.UTF8.GetString(device.Boot.Read(Places.Boot + "/config.json")!));
        boot.Restore(Running, KeptBack.BuiltIn);
        device.Boot.Provision(Places.Boot + "/config.json.copy", """{"uuid":"a"}"""u8.ToArray());
        boot.Install(Set, KeptBack.BuiltIn, Running, Spare);

        Assert.Equal("""{"uuid":"a","developmentMode":true}""" + "\n", Encoding.UTF8.GetString(device.Boot.Read(Places.Boot + "/config.json")!));
    }

    [Fact]
    public void What_an_older_program_left_is_repaired_from_the_running_root()
    {
        var (device, boot) = Device();
        device.Boot.Provision(Places.Boot + "/EFI/BOOT/grub.cfg", _new.BootFiles["EFI/BOOT/grub.cfg"]);
        device.Boot.Provision(Places.Boot + "/overlays/2.101.0.dtbo", "new"u8.ToArray());
        AtomicFile.Write(device.Files, Places.BootFilesTouched, "overlays/2.101.0.dtbo"u8);

        boot.Restore(Running, KeptBack.BuiltIn);

        Assert.Equal(_old.BootFiles["EFI/BOOT/grub.cfg"], device.Boot.Read(Places.Boot + "/EFI/BOOT/grub.cfg"));
        Assert.Null(device.Boot.Read(Places.Boot + "/overlays/2.101.0.dtbo"));
    }

    private (SimDevice Device, BootPartition Boot) Device()
    {
        var device = new SimDevice(_old, _new);
        device.SlotB.Provision(_new);
        return (device, new BootPartition(device.Files, device.Device.Power.BootId));
    }

    private static void Fill(SimDevice device, long bytes) => device.Boot.Provision($"{Places.Boot}/filler-{bytes}", new byte[bytes]);
}
