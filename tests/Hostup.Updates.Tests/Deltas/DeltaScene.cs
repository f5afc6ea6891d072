using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Linux.Deltas;
using Hostup.Updates.Account;
using Hostup.Updates.Journal;

namespace Hostup.Updates.Tests.Deltas;

/// <summary>A simulated device whose server has a delta to the release that it is to get, and a registry beside it.</summary>
internal sealed class DeltaScene
{
    public static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    public static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);

    private DeltaScene(SimDelta delta, SimDeltaServer server, SimDevice device, SimSource registry)
    {
        (Delta, Server, Device, Registry) = (delta, server, device, registry);
        Roots = new SimDeltaRoots(device);
        device.NewSources = () => [new DeltaSource(server, Roots), registry];
        // The plan is made by a program that asks for itself.
        device.Sources = [new DeltaSource(server, Roots), registry];
        server.Clock = () => device.Device.Clock.Elapsed;
        registry.Clock = server.Clock;
    }

    public SimDelta Delta { get; }

    public SimDeltaServer Server { get; }

    public SimDeltaRoots Roots { get; }

    public SimDevice Device { get; }

    public SimSource Registry { get; }

    /// <summary>Name of the source that brought the image.</summary>
    public string? BroughtBy => new AttemptJournal(Device.Files).Read().LastOrDefault(r => r.Source is not null)?.Source;

    /// <summary>Bytes received of a cause.</summary>
    public long Received(string cause) => AttemptAccount.Of(Device.Files, Device.Target.AttemptId)?.FirstOrDefault(b => b.Cause == cause)?.Received ?? 0;

    /// <summary>Sets it.</summary>
    public static async Task<DeltaScene> SetAsync(SimRelease? from = null, SimRelease? to = null, SimSource? registry = null, IReadOnlyList<int>? cuts = null, Unflushed unflushed = Unflushed.Lost, UpdatePolicy? policy = null)
    {
        var (old, wanted) = (from ?? Old, to ?? New);
        var device = new SimDevice(old, wanted, unflushed, cuts) { CheckpointBytes = 100_000 };
        device.Target = device.Target with { Policy = policy ?? new UpdatePolicy() };
        var delta = await SimDelta.BuildAsync(old, wanted);
        return new DeltaScene(delta, new SimDeltaServer(delta), device, registry ?? new SimSource("registry", wanted) { Host = "server" });
    }

    /// <summary>Two releases with a large file that has nothing in common but its name: several frames in one file.</summary>
    public static (SimRelease From, SimRelease To) Large()
    {
        byte[] old = new byte[3_600_000], wanted = new byte[3_600_000];
        new Random(1).NextBytes(old);
        new Random(2).NextBytes(wanted);
        return (SimRelease.Make("2.100.0", SimBehaviour.Good, ballast: old), SimRelease.Make("2.101.0", SimBehaviour.Good, ballast: [.. wanted, .. "more"u8]));
    }

    /// <summary>Runs the device; the release must be on it and committed, and nothing left open.</summary>
    public async Task CommitAsync()
    {
        await Device.RunAsync();
        Assert.Null(Device.Bricked);
        Assert.Equal((AttemptStates.Committed, ""), (Device.Outcome, Device.End?.Error?.Message ?? ""));
        Assert.Equal(Device.Target.Release.TreeDigest, Device.RunningSlot.TreeDigest);
        Assert.Equal(0, Roots.Opened);
    }
}
