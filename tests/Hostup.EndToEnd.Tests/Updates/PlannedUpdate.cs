using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using Hostup.Core;
using Hostup.Core.Wire;
using Hostup.Lab.Scenarios;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>The bytes that a plan names, by source, and whether an attempt kept to them.</summary>
internal sealed record PlannedUpdate(IReadOnlyDictionary<string, long> Bytes)
{
    private const string Folder = "/mnt/data/planned";

    /// <summary>What <c>hostup-device plan --json</c> prints on the device before the update, for a release that is published.</summary>
    /// <param name="stage">Device and server.</param>
    /// <param name="version">The release.</param>
    /// <param name="sequence">Its sequence, by which <see cref="Stage.PublishAsync(ReleaseImage, int, CancellationToken)"/> names its envelope.</param>
    /// <param name="ct">Ends it.</param>
    public static async Task<PlannedUpdate> PrintedAsync(Stage stage, string version, int sequence, CancellationToken ct)
    {
        string envelope = Path.Combine(stage.Folder, $"release-{sequence}.dsse");
        var target = new DeviceTarget { AttemptId = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), Version = version, ReleaseEnvelope = Digest.Of(await File.ReadAllBytesAsync(envelope, ct)) };
        string file = Path.Combine(stage.Folder, "planned.json");
        await File.WriteAllBytesAsync(file, JsonSerializer.SerializeToUtf8Bytes(target, WireJson.Default.DeviceTarget), ct);
        await stage.Device.RunAsync(["mkdir", "-p", Folder], ct);
        await stage.Device.PutFileAsync(envelope, Folder + "/release.json", ct);
        await stage.Device.PutFileAsync(file, Folder + "/target.json", ct);
        // The program of the old release may not carry it out itself, and says so with 3; what it costs it knows.
        var result = await stage.Device.ExecAsync(["hostup-device", "plan", "--json", "--target", Folder + "/target.json", "--release", Folder + "/release.json"], ct);
        Assert.True(result.ExitCode is 0 or 3 && result.Output.Length > 0, $"{result.ExitCode}: {result.Error}");
        return Of(result.Output);
    }

    /// <summary>The plan that the device carried out, as it told the server.</summary>
    public static async Task<PlannedUpdate> ExecutedAsync(Stage stage, AttemptView attempt, CancellationToken ct)
    {
        using var http = new HttpClient { BaseAddress = new Uri(stage.Server.OperatorEnvironment["HOSTUP_SERVER"]) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", stage.Server.OperatorEnvironment["HOSTUP_KEY"]);
        return Of(await http.GetStringAsync(new Uri($"/api/v1/attempts/{attempt.Id}/plan", UriKind.Relative), ct));
    }

    /// <summary>
    /// Each source that is to bring a megabyte or more brought that within two percent; on less the heads of HTTP weigh more. The supervisor's image here has one
    /// layer, which the engine does not hold.
    /// </summary>
    public void AssertKept(AttemptView attempt, params string[] causes)
    {
        Assert.All(causes, c => Assert.InRange(Bytes.GetValueOrDefault(c), 1_000_000, long.MaxValue));
        foreach (var (cause, planned) in Bytes.Where(b => b.Value >= 1_000_000))
            Assert.InRange(attempt.Report.Bytes.SingleOrDefault(b => b.Cause == cause)?.Received ?? 0, planned * 98 / 100, planned * 102 / 100);
    }

    private static PlannedUpdate Of(string json)
    {
        using var plan = JsonDocument.Parse(json);
        return new PlannedUpdate(plan.RootElement.GetProperty("estimate").GetProperty("bytes").EnumerateArray()
            .Where(b => b.TryGetProperty("received", out var received) && received.ValueKind == JsonValueKind.Number)
            .ToDictionary(b => b.GetProperty("cause").GetString()!, b => b.GetProperty("received").GetInt64()));
    }
}
