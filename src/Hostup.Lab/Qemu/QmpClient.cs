using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hostup.Core.Errors;

namespace Hostup.Lab.Qemu;

/// <summary>
/// The control channel of a running QEMU. Each call opens and closes the socket, which serves one client at a time, so that other
/// processes can speak to the same device.
/// </summary>
/// <param name="socketPath">Unix socket of the monitor.</param>
public sealed class QmpClient(string socketPath)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs one command and returns its result.</summary>
    /// <exception cref="HostupException"><c>lab</c>: the monitor does not answer or refuses the command.</exception>
    public async Task<JsonElement> RunAsync(string command, JsonObject? arguments, CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), patience.Token);
            await using var stream = new NetworkStream(socket);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            await reader.ReadLineAsync(patience.Token);
            await AskAsync(stream, reader, "qmp_capabilities", null, patience.Token);
            return await AskAsync(stream, reader, command, arguments, patience.Token);
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            throw new HostupException(HostupErrors.Lab, $"cannot run {command} in the virtual machine", e.Message, "see whether its QEMU still runs", e);
        }
    }

    private static async Task<JsonElement> AskAsync(Stream stream, StreamReader reader, string command, JsonObject? arguments, CancellationToken ct)
    {
        var request = new JsonObject { ["execute"] = command };
        if (arguments is not null)
            request["arguments"] = arguments;
        await stream.WriteAsync(Encoding.UTF8.GetBytes(request.ToJsonString() + "\n"), ct);
        while (true)
        {
            string line = await reader.ReadLineAsync(ct) ?? throw new IOException("the monitor closed the connection");
            var answer = JsonElement.Parse(line);
            if (answer.TryGetProperty("return", out var value))
                return value;
            if (answer.TryGetProperty("error", out var error))
                throw new HostupException(HostupErrors.Lab, $"cannot run {command} in the virtual machine", error.GetProperty("desc").GetString()!,
                    "read the serial log of the device");
        }
    }
}
