using System.CommandLine;
using Hostup.Core.Devices;
using Hostup.Lab.Boot;
using Hostup.Lab.Devices;
using Hostup.Lab.Disks;
using Hostup.Lab.Guests;
using Hostup.Lab.Images;

namespace Hostup.Lab.Commands;

/// <summary>Commands that start, list, enter and end virtual devices.</summary>
internal static class DeviceCommands
{
    private static readonly Argument<string> NameArgument = new("DEVICE") { Description = "name of the device" };

    public static Command Device()
    {
        var loader = new Option<string>("--boot-loader") { Description = "grub or u-boot", DefaultValueFactory = _ => BootLoaders.Grub };
        loader.AcceptOnlyFromAmong(BootLoaders.Grub, BootLoaders.UBoot);
        var start = new Command("start", "start a provisioned device; it stays until it is stopped") { NameArgument, loader };
        start.SetAction((parsed, ct) => StartAsync(parsed.GetValue(NameArgument)!, LabBootLoader.Of(parsed.GetValue(loader)!), ct));
        return new Command("device", "virtual devices") { start };
    }

    public static Command RecordDisks()
    {
        var folder = new Argument<string>("FOLDER") { Description = "gets a file for each system" };
        var record = new Command("record-disks", "write down what a real kernel shows of RAID arrays, mapped and mislabelled partitions") { folder };
        record.SetAction((parsed, ct) => new DiskRecorder(LabEnvironment.OfThisProcess(Console.Error.WriteLine), parsed.GetValue(folder)!).RunAsync(ct));
        return record;
    }

    public static Command List()
    {
        var list = new Command("list", "list running devices");
        list.SetAction(_ =>
        {
            foreach (var record in DeviceRecord.All())
                Console.WriteLine($"{record.Name}\t{(record.Qemu is { IsRunning: true } q ? $"running, pid {q.Pid}" : "off")}\t{record.SerialLog}");
        });
        return list;
    }

    public static Command Stop()
    {
        var stop = new Command("stop", "end a device and what belongs to it") { NameArgument };
        stop.SetAction((parsed, ct) => DeviceRecord.Get(parsed.GetValue(NameArgument)!).EndAsync(ct));
        return stop;
    }

    public static Command Exec()
    {
        var command = new Argument<string[]>("COMMAND") { Description = "program and arguments", Arity = ArgumentArity.OneOrMore };
        var exec = new Command("exec", "run a program in a device") { NameArgument, command };
        exec.SetAction(async (parsed, ct) =>
        {
            var agent = new GuestAgent(DeviceRecord.Get(parsed.GetValue(NameArgument)!).AgentSocket);
            var result = await agent.ExecAsync(parsed.GetValue(command)!, TimeSpan.FromHours(1), ct);
            Console.Out.Write(result.Output);
            Console.Error.Write(result.Error);
            return result.ExitCode;
        });
        return exec;
    }

    public static Command Shell()
    {
        var shell = new Command("shell", "a shell in a device: runs each line that is typed or piped in") { NameArgument };
        shell.SetAction((parsed, ct) =>
        {
            string name = parsed.GetValue(NameArgument)!;
            return new GuestShell(new GuestAgent(DeviceRecord.Get(name).AgentSocket), name).RunAsync(Console.In, Console.Out, Console.IsInputRedirected, ct);
        });
        return shell;
    }

    private static async Task StartAsync(string name, LabBootLoader loader, CancellationToken ct)
    {
        var lab = LabEnvironment.OfThisProcess(Console.Error.WriteLine);
        await Packages.RequiredTools.InstallMissingAsync(lab.Progress, ct);
        var release = HostOsRelease.Old;
        var tree = await HostOsTree.BuildAsync(lab, release, await HostOsTree.DeviceProgramAsync(lab, release, ct), loader, ct);
        var saved = await ProvisionedDevice.GetAsync(lab, tree, ct);
        long start = TimeProvider.System.GetTimestamp();
        var device = await VirtualDevice.StartFromSavedAsync(name, saved, VirtualDeviceOptions.In(lab) with { Stays = true }, ct);
        lab.Progress($"device {name} runs and answered after {TimeProvider.System.GetElapsedTime(start).TotalSeconds:0.0} s; "
            + $"serial console: {device.Record.SerialLog}");
    }
}
