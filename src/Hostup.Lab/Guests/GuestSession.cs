using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hostup.Core.Errors;
using Hostup.Lab.Cache;

namespace Hostup.Lab.Guests;

/// <summary>
/// One conversation with the guest agent. The port serves one client at a time, so a claim keeps other processes out meanwhile;
/// the conversation begins with a sync, because the port may still hold words of an earlier one.
/// </summary>
internal sealed class GuestSession : IAsyncDisposable
{
    /// <summary>How long an agent that has answered before may take: software emulation on a loaded machine is slow.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan SyncPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(100);
    private readonly FileClaim _claim;
    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly StreamReader _reader;

    private GuestSession(FileClaim claim, Socket socket)
    {
        _claim = claim;
        _socket = socket;
        _stream = new NetworkStream(socket);
        _reader = new StreamReader(_stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, bufferSize: 1 << 16);
    }

    /// <summary>Opens a conversation as soon as the agent answers.</summary>
    /// <exception cref="HostupException"><c>lab</c>: it does not answer within the limit.</exception>
    public static async Task<GuestSession> OpenAsync(string socketPath, TimeSpan limit, CancellationToken ct)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < limit)
        {
            if (await TryOpenAsync(socketPath, ct) is { } session)
                return session;
            await Task.Delay(Again, ct);
        }
        throw new HostupException(HostupErrors.Lab, "cannot speak to the device", $"its guest agent did not answer within {limit.TotalSeconds:0} s",
            "read the serial log of the device");
    }

    /// <summary>Runs one command of the agent.</summary>
    public async Task<JsonElement> AskAsync(string command, JsonObject arguments, CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        try
        {
            await SendAsync([], command, arguments, patience.Token);
            string line = await _reader.ReadLineAsync(patience.Token) ?? throw new IOException("the agent's port was closed");
            var answer = JsonElement.Parse(line);
            if (answer.TryGetProperty("return", out var value))
                return value;
            throw new HostupException(HostupErrors.Lab, $"cannot run {command} in the device",
                answer.GetProperty("error").GetProperty("desc").GetString()!, "check the path and arguments");
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            throw new HostupException(HostupErrors.Lab, $"cannot run {command} in the device", $"its guest agent fell silent ({e.Message})",
                "read the serial log of the device", e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _reader.Dispose();
        await _stream.DisposeAsync();
        _socket.Dispose();
        await _claim.DisposeAsync();
    }

    private static async Task<GuestSession?> TryOpenAsync(string socketPath, CancellationToken ct)
    {
        var claim = await FileClaim.TakeAsync(socketPath + ".claim", ct);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), ct);
        }
        catch (SocketException)
        {
            socket.Dispose();
            await claim.DisposeAsync();
            return null;
        }
        var session = new GuestSession(claim, socket);
        if (await session.SyncAsync(ct))
            return session;
        await session.DisposeAsync();
        return null;
    }

    private async Task<bool> SyncAsync(CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(SyncPatience);
        long id = Random.Shared.NextInt64(1, int.MaxValue);
        try
        {
            // 0xFF ends whatever half request the agent may still be reading
            await SendAsync([0xFF], "guest-sync", new JsonObject { ["id"] = id }, patience.Token);
            while (await _reader.ReadLineAsync(patience.Token) is { } line)
            {
                if (line.Contains($"\"return\": {id}", StringComparison.Ordinal))
                    return true;
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            // not there yet
        }
        return false;
    }

    private async Task SendAsync(byte[] before, string command, JsonObject arguments, CancellationToken ct)
    {
        string request = new JsonObject { ["execute"] = command, ["arguments"] = arguments }.ToJsonString() + "\n";
        await _stream.WriteAsync((byte[])[.. before, .. Encoding.UTF8.GetBytes(request)], ct);
    }
}
