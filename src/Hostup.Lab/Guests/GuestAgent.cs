using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hostup.Core.Errors;

namespace Hostup.Lab.Guests;

/// <summary>Commands and files in the guest, through the QEMU guest agent: no network, no keys, works while the network is being broken.</summary>
/// <param name="socketPath">Unix socket of the agent's port.</param>
public sealed class GuestAgent(string socketPath)
{
    /// <summary>With requests of 350 KB QEMU's serial port now and then passes the last part of one on to nobody; with 66 KB that was not seen.</summary>
    private const int ChunkBytes = 48 * 1024;
    private const int MostTries = 3;
    private static readonly TimeSpan FirstPoll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LastPoll = TimeSpan.FromMilliseconds(500);

    /// <summary>Waits until the agent answers.</summary>
    /// <exception cref="HostupException"><c>lab</c>: not within the limit.</exception>
    public async Task WaitAsync(TimeSpan limit, CancellationToken ct)
    {
        await using var session = await GuestSession.OpenAsync(socketPath, limit, ct);
    }

    /// <summary>Starts a program of the guest and returns its process id without waiting for it: for what ends the guest, or takes long.</summary>
    /// <param name="command">Absolute path, or a name in the guest's PATH, and arguments.</param>
    /// <param name="ct">Stops waiting for the start.</param>
    public async Task<long> StartAsync(IReadOnlyList<string> command, CancellationToken ct)
    {
        var request = new JsonObject
        {
            ["path"] = command[0],
            ["arg"] = new JsonArray([.. command.Skip(1).Select(a => (JsonNode)a)]),
            ["env"] = new JsonArray("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/root"),
            ["capture-output"] = true,
        };
        return (await AskAsync("guest-exec", request, ct)).GetProperty("pid").GetInt64();
    }

    /// <summary>The result of a program that was started, null while it runs. Can be asked once after its end.</summary>
    /// <exception cref="HostupException"><c>lab</c>: the guest was rebooted meanwhile, or was asked already.</exception>
    public async Task<GuestResult?> PollAsync(long pid, CancellationToken ct)
    {
        var status = await AskAsync("guest-exec-status", new JsonObject { ["pid"] = pid }, ct);
        return status.GetProperty("exited").GetBoolean() ? Result(status) : null;
    }

    /// <summary>Runs a program of the guest to its end.</summary>
    /// <param name="command">Absolute path, or a name in the guest's PATH, and arguments.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="ct">Stops waiting; the program runs on.</param>
    public async Task<GuestResult> ExecAsync(IReadOnlyList<string> command, TimeSpan limit, CancellationToken ct)
    {
        long start = TimeProvider.System.GetTimestamp();
        long pid = await StartAsync(command, ct);
        for (var pause = FirstPoll; ; pause = pause * 1.5 < LastPoll ? pause * 1.5 : LastPoll)
        {
            if (await PollAsync(pid, ct) is { } result)
                return result;
            if (TimeProvider.System.GetElapsedTime(start) > limit)
                throw new HostupException(HostupErrors.Lab, $"cannot run '{string.Join(' ', command)}' in the device to its end",
                    $"it was still running after {limit.TotalSeconds:0} s", "read the serial log of the device");
            await Task.Delay(pause, ct);
        }
    }

    /// <summary>Writes a file in the guest, replacing what is there. When the agent falls silent meanwhile it is begun again.</summary>
    /// <param name="guestPath">Where.</param>
    /// <param name="content">Can be read again from where it stands.</param>
    /// <param name="ct">Ends it.</param>
    public async Task PutFileAsync(string guestPath, Stream content, CancellationToken ct)
    {
        long start = content.Position;
        for (int tries = 1; ; tries++)
        {
            try
            {
                await TryPutFileAsync(guestPath, content, ct);
                return;
            }
            catch (HostupException) when (tries < MostTries)
            {
                content.Position = start;
            }
        }
    }

    private async Task TryPutFileAsync(string guestPath, Stream content, CancellationToken ct)
    {
        await using var session = await OpenAsync(ct);
        long handle = await OpenFileAsync(session, guestPath, "w", ct);
        byte[] chunk = new byte[ChunkBytes];
        int read;
        while ((read = await content.ReadAtLeastAsync(chunk, chunk.Length, throwOnEndOfStream: false, ct)) > 0)
            await session.AskAsync("guest-file-write", new JsonObject { ["handle"] = handle, ["buf-b64"] = Convert.ToBase64String(chunk, 0, read) }, ct);
        await session.AskAsync("guest-file-flush", new JsonObject { ["handle"] = handle }, ct);
        await session.AskAsync("guest-file-close", new JsonObject { ["handle"] = handle }, ct);
    }

    /// <summary>Reads a file of the guest.</summary>
    public async Task GetFileAsync(string guestPath, Stream output, CancellationToken ct)
    {
        await using var session = await OpenAsync(ct);
        long handle = await OpenFileAsync(session, guestPath, "r", ct);
        for (bool end = false; !end;)
        {
            var answer = await session.AskAsync("guest-file-read", new JsonObject { ["handle"] = handle, ["count"] = ChunkBytes }, ct);
            await output.WriteAsync(answer.GetProperty("buf-b64").GetBytesFromBase64(), ct);
            end = answer.GetProperty("eof").GetBoolean();
        }
        await session.AskAsync("guest-file-close", new JsonObject { ["handle"] = handle }, ct);
    }

    private static async Task<long> OpenFileAsync(GuestSession session, string guestPath, string mode, CancellationToken ct) =>
        (await session.AskAsync("guest-file-open", new JsonObject { ["path"] = guestPath, ["mode"] = mode }, ct)).GetInt64();

    private Task<GuestSession> OpenAsync(CancellationToken ct) => GuestSession.OpenAsync(socketPath, GuestSession.Patience, ct);

    private async Task<JsonElement> AskAsync(string command, JsonObject arguments, CancellationToken ct)
    {
        await using var session = await OpenAsync(ct);
        return await session.AskAsync(command, arguments, ct);
    }

    private static GuestResult Result(JsonElement status) => new(
        status.TryGetProperty("exitcode", out var code) ? code.GetInt32() : 128 + status.GetProperty("signal").GetInt32(),
        Text(status, "out-data"), Text(status, "err-data"));

    private static string Text(JsonElement status, string name) =>
        status.TryGetProperty(name, out var value) ? Encoding.UTF8.GetString(value.GetBytesFromBase64()) : "";
}
