using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Hostup.Server.Tests;

public sealed class ApiDocumentTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task The_API_document_is_what_was_reviewed()
    {
        string actual = (await server.Nobody.GetStringAsync("/openapi/v1.json")).ReplaceLineEndings("\n");
        string file = Path.Combine(Folder(), "Api.verified.txt");

        if (!File.Exists(file) || await File.ReadAllTextAsync(file) != actual)
        {
            await File.WriteAllTextAsync(Path.Combine(Folder(), "Api.received.txt"), actual);
            Assert.Fail($"the API document differs from {file}; look at Api.received.txt beside it and rename it when it is right");
        }
    }

    [Fact]
    public async Task Every_endpoint_says_its_caller_and_its_errors()
    {
        var document = JsonNode.Parse(await server.Nobody.GetStringAsync("/openapi/v1.json"))!;

        foreach (var (path, methods) in document["paths"]!.AsObject().Where(p => p.Key is not ("/healthz" or "/readyz")))
        {
            // who signs in has no key yet
            foreach (var (method, operation) in methods!.AsObject().Where(m => (m.Key, path) is not ("post", "/api/v1/session" or "/api/v1/invitation")))
            {
                Assert.True(operation!["security"] is not null, $"{method} {path} names no key");
                Assert.True(operation["responses"]!["default"] is not null, $"{method} {path} names no errors");
            }
        }
        Assert.Equal("string", document["components"]!["schemas"]!["Digest"]!["type"]!.GetValue<string>());
    }

    private static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
