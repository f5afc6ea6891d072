using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Hostup.Linux.Network;
using Hostup.Linux.Processes;
using Hostup.Linux.Tests.RootTrees;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Tests.Network;

/// <summary>What the kernel tells of the engine's connections, with a program of the engine's name and a real socket.</summary>
[Trait("Needs", "root")]
public sealed class EngineConnectionTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Receives a line twice, and says so.</summary>
    private const string Script = "exec 3<>/dev/tcp/127.0.0.1/$0; printf hello >&3; read -r line <&3; echo first; read -r line <&3; exec 3>&-; echo closed; read -r end";

    [Fact]
    public async Task A_connection_of_the_engine_is_counted_while_it_is_open_and_after_it_was_closed_and_no_other_is()
    {
        Run.NeedsRoot();
        Run.Needs("/bin/bash");
        using var scratch = new TemporaryDirectory();
        File.CreateSymbolicLink(scratch.Of("dockerd"), "/bin/bash");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var network = new LinuxNetwork(new CommandRunner());
        var before = network.EngineConnections().Select(c => c.Id).ToHashSet();
        IReadOnlyList<EngineConnection> News() => [.. network.EngineConnections().Where(c => !before.Contains(c.Id))];
        using var engine = Process.Start(new ProcessStartInfo(scratch.Of("dockerd"), ["-c", Script, ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        using var peer = await listener.AcceptSocketAsync();
        await ReceiveAsync(peer, 5);
        await peer.SendAsync(Line(1000));
        Assert.Equal("first", await engine.StandardOutput.ReadLineAsync());

        var open = Assert.Single(News());
        await peer.SendAsync(Line(500));
        peer.Dispose();
        Assert.Equal("closed", await engine.StandardOutput.ReadLineAsync());
        // The kernel tells of its end a moment after the program has closed it; until then it is as it was last seen.
        var closed = open;
        for (long start = TimeProvider.System.GetTimestamp(); closed.Received == open.Received && TimeProvider.System.GetElapsedTime(start) < Limit;)
            closed = Assert.Single(News());
        var later = News();

        Assert.Equal(1000, open.Received);
        Assert.InRange(open.Sent, 5, 6); // the kernel counts the greeting as one
        Assert.False(open.LeavesDevice);
        Assert.Equal(open.Id, closed.Id);
        Assert.InRange(closed.Received, 1500, 1501); // and the end as one
        Assert.Empty(later);
        engine.StandardInput.Close();
        await engine.WaitForExitAsync();
    }

    private static byte[] Line(int bytes) => [.. Enumerable.Repeat((byte)'x', bytes - 1), (byte)'\n'];

    private static async Task ReceiveAsync(Socket socket, int bytes)
    {
        byte[] buffer = new byte[bytes];
        for (int read = 0; read < bytes;)
            read += await socket.ReceiveAsync(buffer.AsMemory(read));
    }
}
