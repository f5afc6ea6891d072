using System.CommandLine;
using System.Text;
using Hostup.Cli.Api;
using Hostup.Cli.Updates;
using Hostup.Core.Wire;

namespace Hostup.Cli.Devices;

/// <summary>hostup device logs: the log of what a device does now, or did last, as it comes in.</summary>
internal static class DeviceLogsCommand
{
    private const int WaitSeconds = 30;

    /// <summary>A device sends the end of its log after the end of its attempt.</summary>
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(2);

    /// <summary>Of an attempt that ended so long ago nothing comes in any more that is worth waiting for.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(1);

    public static ExampleCommand Build(Terminal terminal)
    {
        var device = DeviceCommands.DeviceArgument();
        var follow = new Option<bool>("--follow", "-f") { Description = "Print on as it comes in, until the update has ended" };
        var command = new ExampleCommand("logs", "Print the log of a device's last update.", "hostup device logs demo -f") { device, follow };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var attempt = await UpdateCommands.FindAsync(api, parsed.GetValue(device)!, ct);
            await PrintAsync(terminal, api, attempt, parsed.GetValue(follow), ct);
        });
        return command;
    }

    private static async Task PrintAsync(Terminal terminal, ApiClient api, AttemptView attempt, bool follow, CancellationToken ct)
    {
        // a part may end within a character
        var decoder = Encoding.UTF8.GetDecoder();
        var updates = new UpdateFollow(api, terminal);
        long offset = 0;
        bool late = attempt.EndedAt < TimeProvider.System.GetUtcNow() - Late;
        bool waited = false;
        while (true)
        {
            byte[] news = await api.GetBytesAsync($"api/v1/attempts/{attempt.Id}/log?offset={offset}", ct);
            char[] text = new char[decoder.GetCharCount(news, flush: false)];
            decoder.GetChars(news, text, flush: false);
            await terminal.Output.WriteAsync(text, ct);
            await terminal.Output.FlushAsync(ct);
            offset += news.Length;
            if (!follow || late || (waited && news.Length == 0))
                return;
            if (attempt.EndedAt is null)
            {
                attempt = await updates.NextAsync(attempt, WaitSeconds, ct);
                continue;
            }
            await Task.Delay(Afterwards, ct);
            waited = true;
        }
    }
}
