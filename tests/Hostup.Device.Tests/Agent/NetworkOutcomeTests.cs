using Hostup.Core.Wire;
using Hostup.Device.Tests.Attacks;
using Hostup.Lab.Networks;
using Hostup.Lab.Sim;
using Hostup.Linux.Sources;
using Hostup.Oci.Registries;
using static Hostup.Lab.Networks.NetworkFaultKind;

namespace Hostup.Device.Tests.Agent;

/// <summary>How a whole update ends on a network that breaks: the product's run on a simulated device, with real sockets to the registry of its image.</summary>
public sealed class NetworkOutcomeTests : IAsyncLifetime
{
    private readonly OsBuilder _builder = new();
    private readonly Impostor _registry = new();
    private readonly SimRelease _old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private readonly SimRelease _new = SimRelease.Make("2.101.0", SimBehaviour.Good);
    private SimTarget _target = null!;

    public async ValueTask InitializeAsync()
    {
        var image = await _builder.BuildAsync(_new);
        _registry.Image(image);
        _target = new SimTarget(_builder.Manifest(_new, image, sequence: 5), Reinstall: false) { Policy = new UpdatePolicy { PatienceSeconds = 7200 } };
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _builder.Dispose();
    }

    [Theory]
    [InlineData(None, 0)]
    [InlineData(Cut, 100)]
    [InlineData(Reset, 100)]
    [InlineData(Stall, 100)]
    [InlineData(Status, 503)]
    [InlineData(Status, 404)]
    [InlineData(Portal, 0)]
    [InlineData(ResetAtOnce, 0)]
    public async Task What_passes_ends_in_the_new_release(NetworkFaultKind fault, int number)
    {
        await using var network = new BadNetwork(_registry.Base);
        network.Faults.Enqueue(new(fault, number));

        var device = await RunAsync(network);

        Assert.Equal((AttemptStates.Committed, "2.101.0"), (device.Outcome, device.RunningRelease!.Version));
    }

    /// <summary>The signed manifest names the layers: the registry's own is only asked for beforehand.</summary>
    [Theory]
    [InlineData(Portal, 0)]
    [InlineData(Status, 503)]
    public async Task What_stands_in_the_place_of_the_images_manifest_ends_no_attempt(NetworkFaultKind fault, int number)
    {
        await using var network = new BadNetwork(_registry.Base) { About = "/manifests/", Rest = new(fault, number) };

        var device = await RunAsync(network);

        Assert.Equal((AttemptStates.Committed, "2.101.0"), (device.Outcome, device.RunningRelease!.Version));
        Assert.Contains(network.Exchanges, e => e.Path.Contains("/manifests/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_manifest_that_came_damaged_is_asked_for_once_more()
    {
        await using var network = new BadNetwork(_registry.Base) { About = "/manifests/" };
        network.Faults.Enqueue(new(Damage, 5));

        var device = await RunAsync(network);

        Assert.Equal((AttemptStates.Committed, "2.101.0"), (device.Outcome, device.RunningRelease!.Version));
    }

    [Fact]
    public async Task A_manifest_that_is_another_one_each_time_is_refused()
    {
        await using var network = new BadNetwork(_registry.Base) { About = "/manifests/", Rest = new(Damage, 5) };

        var device = await RunAsync(network);

        Assert.Equal((AttemptStates.Refused, "image-missing"), (device.Outcome, device.End!.Error!.Code.Id));
        Assert.Equal("2.100.0", device.RunningRelease!.Version);
    }

    [Theory]
    [InlineData(Cut, 10, "link")]
    [InlineData(ResetAtOnce, 0, "link")]
    [InlineData(Portal, 0, "link")]
    [InlineData(Status, 503, "server-busy")]
    [InlineData(Status, 404, "not-found")]
    [InlineData(Status, 403, "unauthorized")]
    [InlineData(Status, 400, "registry-answer")]
    [InlineData(RedirectLoop, 0, "link")]
    [InlineData(Damage, 5, "digest-mismatch")]
    public async Task What_stays_ends_as_failed_with_its_code_and_the_old_release_runs_on_with_its_supervisor(NetworkFaultKind fault, int number, string code)
    {
        await using var network = new BadNetwork(_registry.Base) { Rest = new(fault, number) };

        var device = await RunAsync(network);

        Assert.Equal((AttemptStates.Failed, code), (device.Outcome, device.End!.Error!.Code.Id));
        Assert.Equal("2.100.0", device.RunningRelease!.Version);
        Assert.True(device.Ports.SupervisorRuns);
    }

    private async Task<SimDevice> RunAsync(BadNetwork network)
    {
        var limits = new RegistryLimits(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        using var link = new SourceLink(new UpdatePolicy(), TimeProvider.System, limits);
        var device = new SimDevice(_old, _new) { Target = _target, Sources = [new RegistrySource("registry", link, network.Address, null, null)] };
        return await device.RunAsync();
    }
}
