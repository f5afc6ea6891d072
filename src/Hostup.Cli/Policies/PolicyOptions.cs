using System.CommandLine;
using System.CommandLine.Parsing;
using Hostup.Core.Wire;

namespace Hostup.Cli.Policies;

/// <summary>The options that say how and when an update is carried out; the same ones wherever a policy is said.</summary>
internal sealed class PolicyOptions
{
    private const string Any = "any";
    private const string Wait = "wait";
    private const string Go = "go";

    private readonly Option<bool?> _downloadOnly = new("--download-only") { Description = "Stop at ready until it is applied; false: go on", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _downloadWindow = new("--download-window") { Description = "Fetch only then: \"22:00-04:00 Europe/Berlin\", or any", HelpName = "WINDOW" };
    private readonly Option<string?> _rebootWindow = new("--reboot-window") { Description = "Reboot into the new OS only then; or any", HelpName = "WINDOW" };
    private readonly Option<string?> _metered = new("--metered") { Description = "On a metered network wait or go" };
    private readonly Option<int?> _rateLimit = new("--rate-limit") { Description = "Most KiB a second; 0: no limit", HelpName = "KIB" };
    private readonly Option<int?> _byteBudget = new("--byte-budget") { Description = "Most MiB for an attempt, on the wire; 0: no limit", HelpName = "MIB" };
    private readonly Option<int?> _deltaWait = new("--delta-wait") { Description = "Seconds to wait for a delta before the whole image", HelpName = "SECONDS" };
    private readonly Option<int?> _patience = new("--patience") { Description = "Seconds without progress until it fails", HelpName = "SECONDS" };

    public PolicyOptions() => _metered.AcceptOnlyFromAmong(Wait, Go);

    /// <summary>Adds them to a command.</summary>
    public T AddTo<T>(T command) where T : Command
    {
        foreach (var option in (Option[])[_downloadOnly, _downloadWindow, _rebootWindow, _metered, _rateLimit, _byteBudget, _deltaWait, _patience])
            command.Options.Add(option);
        return command;
    }

    /// <summary>What was said.</summary>
    public PolicySettings Read(ParseResult parsed)
    {
        var settings = new PolicySettings
        {
            DownloadOnly = parsed.GetResult(_downloadOnly) is { } said ? said.Tokens.Count == 0 || parsed.GetValue(_downloadOnly) == true : null,
            DownloadWindow = Window(parsed.GetValue(_downloadWindow)),
            RebootWindow = Window(parsed.GetValue(_rebootWindow)),
            WaitsWhileMetered = parsed.GetValue(_metered) is { } metered ? metered == Wait : null,
            BytesPerSecond = (long?)parsed.GetValue(_rateLimit) * 1024,
            ByteBudget = (long?)parsed.GetValue(_byteBudget) * 1024 * 1024,
            DeltaWaitSeconds = parsed.GetValue(_deltaWait),
            PatienceSeconds = parsed.GetValue(_patience),
        };
        settings.Require();
        return settings;
    }

    private static string? Window(string? text) => text == Any ? "" : text;
}
