using System.Text;
using Hostup.Linux.Engine;

namespace Hostup.Linux.Tests.Engine;

/// <summary>The head of a request, read strictly.</summary>
public sealed class RelayRequestTests
{
    [Theory]
    [InlineData("GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "/v2/", 0)]
    [InlineData("HEAD /v2/a%2Fb HTTP/1.0\r\n\r\n", "HEAD", "/v2/a%2Fb", 0)]
    [InlineData("GET /x HTTP/1.1\r\nrange: bytes=4096-\r\nA: b\tc\r\n\r\n", "GET", "/x", 4096)]
    [InlineData("GET /x HTTP/1.1\r\nRange: bytes=10-20\r\n\r\n", "GET", "/x", 0)]
    [InlineData("GET /x HTTP/1.1\r\nRange: bytes=-20\r\n\r\n", "GET", "/x", 0)]
    [InlineData("GET /x HTTP/1.1\r\nRange: bytes=99999999999999999999-\r\n\r\n", "GET", "/x", 0)]
    [InlineData("GET /x HTTP/1.1\r\nRange: bytes=5-\r\nRange: bytes=6-\r\n\r\n", "GET", "/x", 0)]
    public void A_request_is_read(string head, string method, string path, long from) =>
        Assert.Equal(new RelayRequest(method, path, from), RelayRequest.Parse(Encoding.ASCII.GetBytes(head)));

    [Theory]
    [InlineData("")]
    [InlineData("\r\n\r\n")]
    [InlineData("GET /v2/ HTTP/1.1\r\nHost: x\r\n")]
    [InlineData("GET /v2/ HTTP/2\r\n\r\n")]
    [InlineData("GET  /v2/ HTTP/1.1\r\n\r\n")]
    [InlineData("GET v2 HTTP/1.1\r\n\r\n")]
    [InlineData("Get /v2/ HTTP/1.1\r\n\r\n")]
    [InlineData("GETGETGETGETGETGET /v2/ HTTP/1.1\r\n\r\n")]
    [InlineData("GET /v2/ HTTP/1.1\r\nHost\r\n\r\n")]
    [InlineData("GET /v2/ HTTP/1.1\r\n: x\r\n\r\n")]
    [InlineData("GET /v2/ HTTP/1.1\nHost: x\r\n\r\n")]
    [InlineData("GET /v2/ HTTP/1.1\rHost: x\r\n\r\n")]
    [InlineData("GET /v2/\u0000 HTTP/1.1\r\n\r\n")]
    public void What_is_none_is_refused(string head) => Assert.Null(RelayRequest.Parse(Encoding.Latin1.GetBytes(head)));

    [Fact]
    public void A_head_has_an_end() =>
        Assert.Null(RelayRequest.Parse(Encoding.ASCII.GetBytes($"GET /{new string('x', RelayRequest.MaxBytes)} HTTP/1.1\r\n\r\n")));
}
