using Hostup.Core.Errors;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Lab.Sim;
using Hostup.Linux.Network;
using Hostup.Linux.Sources;
using Hostup.Oci.Registries;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;
using Hostup.Updates.Trust;

namespace Hostup.Device.Tests.Attacks;

/// <summary>How far an attack got.</summary>
internal enum Reach
{
    /// <summary>Not one effect on any medium.</summary>
    Nothing,

    /// <summary>The journal and its files on the state partition: a genuine release was refused or taken back.</summary>
    Bookkeeping,

    /// <summary>The spare slot too, and every byte that was ever written there is the signed release's.</summary>
    SignedSpare,

    /// <summary>The spare slot, with bytes that nobody signed. Nothing boots from it.</summary>
    UnsignedSpare,

    /// <summary>The boot was switched: the release is what the OS builder signed.</summary>
    Switched,
}

/// <summary>
/// A device with the product's agent and update code, real sockets to its server, and simulated media. Only the service manager is missing:
/// the update runs in this process.
/// </summary>
internal sealed class Victim : IDisposable
{
    public const string Key = "hkd_the-key-of-the-device";
    public const long Sequence = 3;
    private const string Uuid = "0123456789abcdef0123456789abcdef";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hostup-victim-");
    private readonly SimRelease _old;
    private readonly int _before;
    private readonly IReadOnlyList<string> _boot;
    private bool _wroteUnsigned;

    public Victim(TrustList trust, SimRelease? to = null, string version = "2.100.0")
    {
        _old = SimRelease.Make(version, SimBehaviour.Good, trust: trust.ToJson());
        Device = new SimDevice(_old, to ?? _old);
        // Whatever is formatted away again later was written too.
        Device.Slots.Written = (path, bytes) => _wroteUnsigned |= (to ?? _old).Files.GetValueOrDefault(path) is not { } signed || !signed.AsSpan().StartsWith(bytes.Span);
        Device.State.Provision(Places.HighestSequence, OsBuilder.Text($"{Sequence}"));
        _before = Device.Power.Effects;
        _boot = BootPartition();
    }

    public SimDevice Device { get; }

    /// <summary>Why the last target was refused, or the attempt ended.</summary>
    public HostupException? Error { get; private set; }

    /// <summary>Why the last list of trusted keys was refused.</summary>
    public HostupException? TrustError { get; private set; }

    /// <summary>The program that would have been started; null: none.</summary>
    public string? Program { get; private set; }

    public RunEnd? End { get; private set; }

    public DeviceTrust Trust => new(Device.Files);

    /// <summary>Programs that lie where they could be started.</summary>
    public IReadOnlyList<string> Programs => [.. Directory.EnumerateFiles(_folder.FullName, "*", SearchOption.AllDirectories)];

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>One poll of the agent, and the update that it starts.</summary>
    public async Task FaceAsync(Uri server)
    {
        using var connections = ServerConnections.Of(null, null);
        using var link = new ServerLink(connections, server, Key);
        var updaters = new UpdaterStore(link, Trust, _folder.FullName);
        var intake = new TargetIntake(link, updaters, Trust);
        try
        {
            var poll = await link.PollAsync(default);
            await TakeTrustAsync(intake, poll.TrustVersion);
            if (poll.Target is { } target)
                await UpdateAsync(intake, target, connections, server);
        }
        catch (HostupException e)
        {
            Error = e;
        }
    }

    private async Task TakeTrustAsync(TargetIntake intake, long offered)
    {
        try
        {
            await intake.TakeTrustAsync(offered, default);
        }
        catch (HostupException e)
        {
            TrustError = e;
        }
    }

    private async Task UpdateAsync(TargetIntake intake, DeviceTarget target, ServerConnections connections, Uri server)
    {
        var (file, program) = await intake.TakeAsync(target, default);
        Program = program;
        Device.Target = Device.Target with { AttemptId = target.AttemptId };
        using var link = new SourceLink(target.Policy, TimeProvider.System, connections: connections);
        IHostAppSource[] sources = [new RegistrySource("registry", link, server, new RegistryCredentials($"d_{Uuid}", Key), null), .. target.FallbackRegistries.Select(f => new RegistrySource("fallback", link, new Uri(f), null, null))];
        End = await new UpdateBeginning(file, null).StartAsync(Device.Device, new UpdateRun(Device.Device, Device.Ports, _ => sources), default);
        Error = End.Error;
    }

    /// <summary>How far it got, from the effects that there were; fails when the old OS, its boot files or its boot settings changed without a switch.</summary>
    public Reach Reached()
    {
        if (End?.Kind == RunEndKind.Rebooting)
        {
            Assert.False(_wroteUnsigned, "the release is signed, and so is what is written of it");
            return Reach.Switched;
        }
        Assert.Equal(new BootSettings(2, false, 0), Device.Device.Boot.Read());
        Assert.Equal(_old.TreeDigest, Device.SlotA.TreeDigest);
        Assert.Equal(_boot, BootPartition());
        var effects = Device.Power.Log.Skip(_before).ToList();
        Assert.DoesNotContain(effects, e => e.Contains(Places.Boot, StringComparison.Ordinal) || e == "reboot");
        return effects.Any(e => e.Contains("spare", StringComparison.Ordinal) && !e.Contains(Places.State, StringComparison.Ordinal)) ? _wroteUnsigned ? Reach.UnsignedSpare : Reach.SignedSpare
            : effects is [] ? Reach.Nothing
            : Reach.Bookkeeping;
    }

    /// <summary>Every file of the boot partition with its digest: boot files, kept-back ones and the boot environment.</summary>
    private IReadOnlyList<string> BootPartition() => [.. Device.Boot.Paths.Order(StringComparer.Ordinal).Select(p => $"{p} {Digest.Of(Device.Boot.Read(p)!)}")];
}
