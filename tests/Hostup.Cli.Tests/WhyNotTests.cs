using System.Text.Json;
using System.Text.RegularExpressions;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Targets;
using Hostup.Core.Wire;

namespace Hostup.Cli.Tests;

/// <summary>Why a device does not run its target, from the report of the device through the server to the operator's eyes.</summary>
[Collection(CliScene.Name)]
public sealed partial class WhyNotTests : IAsyncLifetime
{
    private CliScene? _scene;
    private long _serial;

    public async ValueTask InitializeAsync() => _scene = await CliScene.StartAsync();

    public ValueTask DisposeAsync() => _scene!.DisposeAsync();

    [Fact]
    public async Task Every_error_code_yields_its_sentence_through_the_API_and_the_program()
    {
        foreach (var code in HostupErrors.All)
        {
            var why = await ShownAsync(new AttemptReport { Serial = 1, State = StateOf(code), ErrorCode = code.Id, Message = "cannot do it: 12 of 15 are there; do that" });

            Assert.Equal(code.Id, why.Code);
            Assert.Contains($"`{code.Id}`, {ErrorTexts.Of(code.Id)!.Phrase}: 12 of 15 are there", why.Sentence, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Every_state_yields_its_sentence_through_the_API_and_the_program()
    {
        foreach (string state in typeof(AttemptStates).GetFields().Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!))
            await ShownAsync(new AttemptReport { Serial = 1, State = state });
    }

    [Fact]
    public async Task Every_wait_yields_its_sentence_through_the_API_and_the_program()
    {
        var night = TimeWindow.Parse("22:00-04:00 Europe/Berlin");
        var codes = new List<string>();
        foreach (string wait in (string[])[PolicyWaits.ForWindow(night), PolicyWaits.ForClock(night), PolicyWaits.ForAnotherWindow("it is none"), PolicyWaits.Metered, "tries the registry again in 60 s"])
            codes.Add((await ShownAsync(new AttemptReport { Serial = 1, State = AttemptStates.Waiting, Message = wait })).Code);
        codes.Add((await ShownAsync(new AttemptReport { Serial = 1, State = AttemptStates.Ready, Message = PolicyWaits.Apply })).Code);
        var held = new LockReport("backup", "/tmp/balena/backup/updates.lock", "process 512 rsync", TimeProvider.System.GetUtcNow().AddMinutes(-190));
        codes.Add((await ShownAsync(new AttemptReport { Serial = 1, State = AttemptStates.WaitingForLock, Lock = held })).Code);

        Assert.Equal([WhyNotCodes.Window, WhyNotCodes.ClockForWindow, WhyNotCodes.AnotherWindow, WhyNotCodes.Metered, WhyNotCodes.Waiting, WhyNotCodes.Apply, WhyNotCodes.Lock], codes);
    }

    [Fact]
    public async Task A_device_that_was_asked_nothing_has_no_sentence_and_one_that_does_not_know_of_its_target_has_one()
    {
        Assert.Null((await CliScene.ShowAsync()).WhyNot);

        await CliScene.GoodAsync("update", "start", "demo", "--to", CliScene.Release);

        Assert.Equal(WhyNotCodes.Queued, (await CliScene.ShowAsync()).WhyNot?.Code);
        var list = JsonSerializer.Deserialize(await CliScene.GoodAsync("device", "list", "--json"), WireJson.Default.PageDeviceView)!;
        Assert.Equal("queued: the device hears of it at its next poll", list.Items.Single().WhyNot?.Sentence);
    }

    /// <summary>Lets the device report on a new attempt; what the program shows is what the one function says.</summary>
    private async Task<WhyNot> ShownAsync(AttemptReport report)
    {
        string attempt = await _scene!.BeginAsync();
        await _scene.ReportAsync(attempt, report with { Serial = ++_serial });
        var now = TimeProvider.System.GetUtcNow();
        var said = Explanation.Of(new TargetFacts { Version = CliScene.Release, Report = report, Now = now, HeardAt = now, IsDelivered = true, RunsOther = "1.0.0" });

        var shown = (await CliScene.ShowAsync()).WhyNot;

        Assert.NotNull(said);
        Assert.Equal(said, shown);
        Assert.Contains($"why not {said.Sentence}", Blanks().Replace(await CliScene.GoodAsync("device", "show", "demo"), " "), StringComparison.Ordinal);
        return said;
    }

    private static string StateOf(HostupErrorCode code) => code.Kind switch
    {
        HostupErrorKind.Transient => AttemptStates.Waiting,
        HostupErrorKind.Failed => code.Id.StartsWith("rollback-", StringComparison.Ordinal) ? AttemptStates.RolledBack : AttemptStates.Failed,
        _ => AttemptStates.Refused,
    };

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
