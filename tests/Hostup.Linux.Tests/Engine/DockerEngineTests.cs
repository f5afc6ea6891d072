using System.Net.Sockets;
using System.Text;
using Hostup.Linux.Engine;

namespace Hostup.Linux.Tests.Engine;

/// <summary>What an engine says of its store, over a real socket.</summary>
public sealed class DockerEngineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hostup-engine-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("""{"ID":"x","Driver":"overlay2"}""", "overlay2")]
    [InlineData("""{"ID":"x"}""", null)]
    [InlineData("no json", null)]
    public async Task The_driver_of_the_store_is_what_the_engine_says(string info, string? driver)
    {
        string path = Path.Combine(_folder, "engine.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var serving = AnswerOnceAsync(listener, info);
        using var engine = new DockerEngine(path);

        string? said = await engine.StorageDriverAsync(default);

        Assert.Equal(driver, said);
        Assert.StartsWith("GET /info ", await serving, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_that_is_not_there_says_nothing()
    {
        using var engine = new DockerEngine(Path.Combine(_folder, "none.sock"));

        Assert.Null(await engine.StorageDriverAsync(default));
        Assert.False(await engine.AnswersAsync(default));
    }

    private static async Task<string> AnswerOnceAsync(Socket listener, string body)
    {
        using var peer = await listener.AcceptAsync();
        byte[] request = new byte[4096];
        int read = await peer.ReceiveAsync(request);
        await peer.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"));
        return Encoding.ASCII.GetString(request, 0, read);
    }
}
