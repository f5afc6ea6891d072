using System.Globalization;
using Hostup.Lab.Sim;
using Hostup.Linux.Network;
using Hostup.Linux.Processes;
using Hostup.Linux.Tests.RootTrees;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Tests.Network;

/// <summary>The network of a real device, with a fake root and a fake busctl, and the simulated one say the same.</summary>
public sealed class NetworkContractTests : IDisposable
{
    private readonly TemporaryDirectory _scratch = new();
    private readonly SimPorts _sim = new SimDevice(SimRelease.Make("1.0.0", SimBehaviour.Good), SimRelease.Make("2.0.0", SimBehaviour.Good)).Ports;

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("u 1", true)]
    [InlineData("u 3", true)]
    [InlineData("u 2", false)]
    [InlineData("u 4", false)]
    [InlineData("u 0", null)]
    [InlineData("s \"yes\"", null)]
    public async Task What_the_network_costs_is_what_its_software_says(string answer, bool? metered)
    {
        Busctl($"#!/bin/sh\necho '{answer}'\n");
        _sim.Metered = metered;

        foreach (var network in (INetwork[])[Linux, _sim])
            Assert.Equal(metered, await network.IsMeteredAsync(default));
    }

    [Fact]
    public async Task Without_the_software_nobody_says()
    {
        Assert.Null(await Linux.IsMeteredAsync(default));
        Busctl("#!/bin/sh\necho 'Failed to get property: no such service' >&2\nexit 1\n");

        foreach (var network in (INetwork[])[Linux, _sim])
            Assert.Null(await network.IsMeteredAsync(default));
    }

    [Fact]
    public void Interfaces_that_lead_out_are_counted_and_no_others()
    {
        Interface("eth0", 1000, 20, "device");
        Interface("ppp0", 300, 4);
        Interface("docker0", 77, 77);
        Interface("lo", 88, 88);
        Interface("tun0", 99, 99);
        _sim.Interfaces = [new InterfaceBytes("eth0", 1000, 20), new InterfaceBytes("ppp0", 300, 4)];

        foreach (var network in (INetwork[])[Linux, _sim])
            Assert.Equal([new InterfaceBytes("eth0", 1000, 20), new InterfaceBytes("ppp0", 300, 4)], network.Count());
    }

    [Fact]
    public void A_machine_without_interfaces_counts_nothing()
    {
        foreach (var network in (INetwork[])[Linux, _sim])
            Assert.Empty(network.Count());
    }

    private LinuxNetwork Linux => new(new CommandRunner(_scratch.Of("tools")), _scratch.Of("root"));

    private void Busctl(string script)
    {
        string path = _scratch.Of("tools/usr/bin/busctl");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, script);
        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
    }

    private void Interface(string name, long received, long sent, string? device = null)
    {
        string folder = _scratch.Of($"root/sys/class/net/{name}");
        Directory.CreateDirectory(Path.Combine(folder, "statistics"));
        File.WriteAllText(Path.Combine(folder, "statistics/rx_bytes"), received.ToString(CultureInfo.InvariantCulture) + "\n");
        File.WriteAllText(Path.Combine(folder, "statistics/tx_bytes"), sent.ToString(CultureInfo.InvariantCulture) + "\n");
        if (device is not null)
            Directory.CreateDirectory(Path.Combine(folder, device));
    }
}
