using Hostup.Lab.Packages;
using Hostup.Lab.Programs;
using Hostup.Lab.Testing;

namespace Hostup.Lab.Tests.Packages;

/// <summary>The package goes into a tree and out of it again, and leaves what the device boots from and what it wrote.</summary>
[Trait("Needs", "root")]
public sealed class DevicePackageTests : IAsyncLifetime
{
    private static readonly Dictionary<string, string> Written = new()
    {
        ["mnt/boot/EFI/BOOT/grub.cfg"] = "the loader's",
        ["mnt/boot/EFI/BOOT/grubenv"] = "# GRUB Environment Block",
        ["mnt/boot/config.json"] = "{}",
        ["mnt/state/hostup/journal"] = "HOSTUPJ1",
        ["mnt/data/balenahup/hostup-update.20260102_030405.log"] = "attempt",
        ["mnt/data/hostup/updater/digest/hostup-device"] = "#!/bin/sh",
        ["etc/hostup/trust.json"] = "{}",
        ["usr/lib/systemd/system/docker.service"] = "[Unit]",
    };

    // what the package depends on
    private static readonly string[] Needed = ["systemd", "e2fsprogs", "libc6", "libssl3", "ca-certificates"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hostup-package-");
    private DevicePackage _package = null!;

    private string Root => Path.Combine(_folder.FullName, "root");

    private string Source => Path.Combine(SourceTree.Find(), "deploy/device");

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: dpkg installs into a tree");
        Assert.SkipUnless(File.Exists("/usr/bin/dpkg") && File.Exists("/usr/bin/dpkg-deb"), "needs dpkg");
        string program = Path.Combine(_folder.FullName, "program");
        await File.WriteAllTextAsync(program, "#!/bin/sh\n");
        _package = await DevicePackage.MakeAsync(program, Source, "1.2.3", PackagePlatform.Amd64, Directory.CreateDirectory(_folder.FullName + "/out").FullName, default);
        foreach (var (path, text) in Written)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Root, path))!);
            await File.WriteAllTextAsync(Path.Combine(Root, path), text);
        }
        Directory.CreateDirectory(Path.Combine(Root, "var/lib/dpkg/updates"));
        await File.WriteAllTextAsync(Path.Combine(Root, "var/lib/dpkg/status"), string.Concat(Needed.Select(n => $"Package: {n}\nStatus: install ok installed\nMaintainer: x\nArchitecture: amd64\nVersion: 999\nDescription: x\n\n")));
        await File.WriteAllTextAsync(Path.Combine(Root, "var/lib/dpkg/available"), "");
    }

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return default;
    }

    [Fact]
    public async Task It_holds_program_units_and_their_settings_and_runs_nothing_when_it_is_installed()
    {
        var files = (await DpkgDebAsync("--contents")).Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(f => f.Length > 5 && f[0][0] != 'd').Select(f => f[5]).ToList();
        var units = Directory.EnumerateFiles(Path.Combine(Source, "systemd")).Select(f => Path.GetFileName(f)!).ToList();
        var wanted = units.SelectMany(u => File.ReadLines(Path.Combine(Source, "systemd", u)).Where(l => l.StartsWith("WantedBy=", StringComparison.Ordinal)).Select(l => $"./usr/lib/systemd/system/{l[9..]}.wants/{u}"));

        Assert.Equal(4, units.Count);
        Assert.Equal(["./etc/default/hostup-device", "./usr/bin/hostup-device", .. units.Select(u => $"./usr/lib/systemd/system/{u}").Concat(wanted).Order(StringComparer.Ordinal), "./usr/share/hostup/agent-tls.cnf"], files.Order(StringComparer.Ordinal));
        Assert.Equal("/etc/default/hostup-device", (await DpkgDebAsync("--info", "conffiles")).Trim());
        foreach (string script in (string[])["preinst", "postinst", "postrm"])
            Assert.DoesNotContain($" {script} ", await DpkgDebAsync("--info"), StringComparison.Ordinal);
        Assert.Equal(await File.ReadAllTextAsync(Script), await DpkgDebAsync("--info", "prerm"));
    }

    [Fact]
    public async Task It_names_the_machine_that_it_was_made_for()
    {
        foreach (var platform in PackagePlatform.All)
        {
            var made = await DevicePackage.MakeAsync(_folder.FullName + "/program", Source, "1.2.3", platform, _folder.CreateSubdirectory(platform.Name).FullName, default);

            Assert.Equal($"hostup-device_1.2.3_{platform.Debian}.deb", Path.GetFileName(made.File));
            Assert.Equal(platform.Debian, (await new Tool("dpkg-deb").RunAsync(["--field", made.File, "Architecture"], default)).Trim());
        }
    }

    [Fact]
    public async Task Removed_it_leaves_what_the_device_boots_from_and_what_it_wrote()
    {
        var before = Tree();
        await _package.InstallAsync(Root, default);
        Assert.Contains("usr/bin/hostup-device", Tree());
        Assert.Contains("usr/lib/systemd/system/multi-user.target.wants/hostup-agent.service", Tree());

        await DpkgAsync("--remove");
        Assert.Equal(["etc/default/hostup-device"], Tree().Except(before));

        await DpkgAsync("--purge");
        Assert.Equal(before, Tree());
        Assert.All(Written, w => Assert.Equal(w.Value, File.ReadAllText(Path.Combine(Root, w.Key))));
    }

    [Fact]
    public async Task Where_the_service_manager_runs_everything_is_stopped_and_switched_off_before_it_is_removed()
    {
        var (result, asked) = await RemoveAsync(running: true);

        Assert.Equal(0, result.ExitCode);
        string[] units = [.. Directory.EnumerateFiles(Path.Combine(Source, "systemd")).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];
        Assert.Equal(units, Units(asked, "stop"));
        Assert.Equal(units, Units(asked, "disable"));
    }

    [Theory]
    [InlineData("active", null, "an update is under way")]
    [InlineData("activating", null, "an update is under way")]
    [InlineData("inactive", "rollback-health-breadcrumb", "on trial")]
    [InlineData("inactive", "rollback-altboot-breadcrumb", "on trial")]
    public async Task It_is_not_removed_while_an_update_or_a_trial_needs_it_and_the_agent_goes_on(string update, string? breadcrumb, string why)
    {
        if (breadcrumb is not null)
            await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(Path.Combine(Root, "mnt/state")).FullName, breadcrumb), "");

        var (result, asked) = await RemoveAsync(running: true, update);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(why, result.Error, StringComparison.Ordinal);
        Assert.Equal("start hostup-agent.service", asked[^1]);
        Assert.Empty(Units(asked, "disable"));
    }

    /// <summary>No process works and no trial is armed: the device was told to be rebooted, and only this program mends it then.</summary>
    [Theory]
    [InlineData("mnt/state/hostup/boot-files-touched", "still to be put in order")]
    [InlineData("mnt/state/hostup/supervisor-database-due", "still to be put in order")]
    public async Task It_is_not_removed_while_it_is_to_mend_something_at_the_next_power_on(string note, string why)
    {
        string file = Path.Combine(Root, note);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, "");

        var (result, asked) = await RemoveAsync(running: true);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(why, result.Error, StringComparison.Ordinal);
        Assert.Equal("start hostup-agent.service", asked[^1]);
        Assert.Empty(Units(asked, "disable"));
    }

    [Theory]
    [InlineData("echo 'OS        2.100.0 (x)'; echo 'attempt   boot-files: reboot the device'", 1)]
    [InlineData("echo 'attempt   waiting'", 1)]
    [InlineData("echo 'attempt   committed'", 0)]
    [InlineData("echo 'attempt   rolled-back: engine'", 0)]
    [InlineData("echo 'attempt   none yet'", 0)]
    [InlineData("echo 'no slots' >&2; exit 3", 0)]
    public async Task It_is_not_removed_while_an_attempt_is_open(string says, int exitCode)
    {
        string program = Path.Combine(Root, "usr/bin/hostup-device");
        Directory.CreateDirectory(Path.GetDirectoryName(program)!);
        await File.WriteAllTextAsync(program, $"#!/bin/sh\n[ \"$1\" = status ] || exit 64\n{says}\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        var (result, asked) = await RemoveAsync(running: true);

        Assert.Equal(exitCode, result.ExitCode);
        Assert.Equal(exitCode == 0, Units(asked, "disable").Any());
    }

    [Fact]
    public async Task In_a_tree_that_does_not_run_nothing_is_asked_of_the_service_manager()
    {
        var (result, asked) = await RemoveAsync(running: false);

        Assert.Equal(0, result.ExitCode);
        Assert.Empty(asked);
    }

    private string Script => Path.Combine(Source, "deb/prerm");

    /// <summary>Runs the script as dpkg does, with a service manager that writes down what it is asked for.</summary>
    private async Task<(ToolResult Result, string[] Asked)> RemoveAsync(bool running, string update = "inactive")
    {
        string programs = Directory.CreateDirectory(_folder.FullName + "/programs").FullName, systemctl = programs + "/systemctl", asked = systemctl + ".asked";
        await File.WriteAllTextAsync(systemctl, $"#!/bin/sh\necho \"$*\" >> {asked}\n[ \"$1\" != is-active ] || {{ echo {update}; [ {update} = active ]; }}\n");
        File.SetUnixFileMode(systemctl, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (running)
            Directory.CreateDirectory(Path.Combine(Root, "run/systemd/system"));
        var environment = new Dictionary<string, string> { ["DPKG_ROOT"] = Root, ["PATH"] = programs + ":/usr/bin:/bin" };
        var result = await new Tool("/bin/sh").TryRunAsync([Script, "remove"], TimeSpan.FromMinutes(1), environment, null, default);
        return (result, File.Exists(asked) ? await File.ReadAllLinesAsync(asked) : []);
    }

    private static IEnumerable<string> Units(string[] asked, string what) =>
        asked.Where(l => l.StartsWith(what + " ", StringComparison.Ordinal)).SelectMany(l => l.Split(' ')[1..]).Order(StringComparer.Ordinal);

    private List<string> Tree() => [.. Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Root, f)).Where(f => !f.StartsWith("var/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private async Task<string> DpkgDebAsync(string what, params string[] more) => await new Tool("dpkg-deb").RunAsync([what, _package.File, .. more], default);

    // The tree has no shell; outside of it the script finds that nothing runs there.
    private Task DpkgAsync(string what) => new Tool("dpkg").RunAsync([$"--root={Root}", "--log=/dev/null", "--force-unsafe-io", "--force-script-chrootless", what, "hostup-device"], default);
}
