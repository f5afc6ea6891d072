using System.Text.Json;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Lab;
using Hostup.Lab.Programs;
using Hostup.Lab.Registries;
using Hostup.Lab.Scenarios;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>A device that fetches small releases only, and a real registry beside its server.</summary>
internal sealed class NetworkScene : IAsyncDisposable
{
    /// <summary>A retry may come fifteen minutes after the one before.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(20);

    private const string Progress = "/run/hostup/progress.json";

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private NetworkScene(Stage stage, DockerRegistry fallback) => (Stage, Fallback) = (stage, fallback);

    public Stage Stage { get; }

    public DockerRegistry Fallback { get; }

    /// <summary>The fallback registry as the guest sees it.</summary>
    public string FallbackHost => $"10.0.2.2:{Fallback.Address.Port}";

    public static async Task<NetworkScene> SetAsync(LabEnvironment lab, string name, CancellationToken ct)
    {
        if (!File.Exists(DockerRegistry.Program) || new Tool("skopeo").Path is null)
            Assert.Skip("needs docker-registry and skopeo");
        var stage = await Stage.SetAsync(lab, name, stays: false, ct);
        try
        {
            return new NetworkScene(stage, await DockerRegistry.StartAsync(stage.Folder, ct));
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <summary>Publishes a release and fills the fallback registry with it, as an operator does.</summary>
    /// <returns>Its manifest.</returns>
    public async Task<ReleaseManifest> PublishAsync(Hostup.Lab.Scenarios.ReleaseImage image, int sequence, CancellationToken ct)
    {
        string framed = await Stage.PublishAloneAsync(image, sequence, ct);
        var release = ReleaseManifest.Read(Envelope.Parse(await File.ReadAllBytesAsync(Stage.EnvelopeOf(sequence), ct)).UnverifiedPayload.Span);
        await new Tool("skopeo").RunAsync(["copy", "--preserve-digests", "--dest-tls-verify=false", $"oci:{framed}", $"docker://{Fallback.Address.Authority}/{release.Image.Repository}:{sequence}"], ct);
        return release;
    }

    /// <summary>Asks for a release that is to be fetched only, by the program that the device has.</summary>
    public async Task StartAsync(ReleaseManifest release, IEnumerable<string> options, CancellationToken ct)
    {
        // what an attempt before it has left there would be taken for its own
        await Stage.Device.RunAsync(["rm", "-f", Progress], ct);
        await Stage.Server.CliAsync(["update", "start", Stage.Uuid, "--to", release.Version, "--updater", "none", "--download-only", .. options], ct);
    }

    /// <summary>Ends an attempt that is fetched and not wanted.</summary>
    public async Task CancelAsync(CancellationToken ct)
    {
        await Stage.Server.CliAsync(["update", "cancel", Stage.Uuid], ct);
        Assert.Equal(AttemptStates.Cancelled, (await Stage.WaitForEndAsync(ct)).Report.State);
    }

    /// <summary>Waits until the device has received so many bytes of the image.</summary>
    public Task WaitForBytesAsync(long bytes, CancellationToken ct) =>
        WaitForProgressAsync($"{bytes} bytes", p => StateOf(p) == AttemptStates.Downloading && p.TryGetProperty("done", out var done) && done.GetInt64() >= bytes, ct);

    /// <summary>Waits until the update process says that it is in this state; the server need not be there.</summary>
    public Task WaitForStateAsync(string state, CancellationToken ct) => WaitForProgressAsync(state, p => StateOf(p) == state, ct);

    /// <summary>What the device itself says of its last attempt, once that has ended.</summary>
    public async Task<AttemptReport> WaitForEndOnDeviceAsync(CancellationToken ct)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            using var status = JsonDocument.Parse(await Stage.Device.RunAsync(["hostup-device", "status", "--json"], ct));
            var attempt = status.RootElement.GetProperty("attempt").Deserialize(WireJson.Default.AttemptReport)!;
            if (AttemptStates.IsTerminal(attempt.State))
                return attempt;
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Limit, $"no end after {Limit}: {attempt.State} {attempt.Message}");
            await Task.Delay(Look, ct);
        }
    }

    /// <summary>Runs shell words in the guest that must succeed.</summary>
    public async Task<string> ShellAsync(string words, CancellationToken ct)
    {
        var result = await Stage.Device.Guest.ExecAsync(["sh", "-c", words], Limit, ct);
        Assert.True(result.ExitCode == 0, $"{words}: {result.ExitCode} {result.Output} {result.Error}");
        return result.Output;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Stage.DisposeAsync();
        await Fallback.DisposeAsync();
    }

    private async Task WaitForProgressAsync(string what, Func<JsonElement, bool> reached, CancellationToken ct)
    {
        long start = TimeProvider.System.GetTimestamp();
        string last = "nothing";
        while (true)
        {
            var result = await Stage.Device.ExecAsync(["cat", Progress], ct);
            if (result.ExitCode == 0 && result.Output.Length > 0)
            {
                using var progress = JsonDocument.Parse(last = result.Output);
                if (reached(progress.RootElement))
                    return;
                string state = StateOf(progress.RootElement);
                Assert.False(AttemptStates.IsTerminal(state) || state == AttemptStates.Ready, $"{what} is not reached: {last}");
            }
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Limit, $"{what} is not reached after {Limit}: {last}");
            await Task.Delay(Look, ct);
        }
    }

    private static string StateOf(JsonElement progress) => progress.GetProperty("state").GetString()!;
}
