using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Monitoring;
using Microsoft.AspNetCore.Http;

namespace Hostup.Server.Tests.Monitoring;

/// <summary>The log of a server that is a process of its own, as a program reads it.</summary>
public sealed class LogTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("hostup-log-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task A_line_is_an_object_with_device_and_attempt_as_fields()
    {
        using var process = Start();
        try
        {
            var listening = await LineAsync(process, l => l.Contains("listens on", StringComparison.Ordinal));
            var address = new Uri(listening["State"]!["Addresses"]!.GetValue<string>().Split(',')[0]);
            using var client = new HttpClient { BaseAddress = address };
            client.DefaultRequestHeaders.Authorization = new("Bearer", (await File.ReadAllTextAsync(Path.Combine(_data, "operator-key"))).Trim());
            var key = await (await client.PostAsJsonAsync("/api/v1/provisioning-keys", new ProvisioningKeyRequest("test", null), WireJson.Default.ProvisioningKeyRequest)).Content.ReadFromJsonAsync(WireJson.Default.ProvisioningKeyAnswer);
            string uuid = Guid.NewGuid().ToString("N");
            client.DefaultRequestHeaders.Authorization = new("Bearer", key!.Key);
            var registered = await (await client.PostAsJsonAsync("/device/v1/register", new RegisterRequest(uuid, "genericx86-64", null), WireJson.Default.RegisterRequest)).Content.ReadFromJsonAsync(WireJson.Default.RegisterAnswer);
            client.DefaultRequestHeaders.Authorization = new("Bearer", registered!.DeviceKey);
            using var refused = await client.PutAsJsonAsync("/device/v1/attempts/a17e", new AttemptReport { Serial = 1, State = AttemptStates.Checking }, WireJson.Default.AttemptReport);
            Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);

            var line = await LineAsync(process, l => l.Contains("was refused", StringComparison.Ordinal));

            Assert.Equal("not-found", (string?)line["State"]!["Code"]);
            var fields = line["Scopes"]!.AsArray().OfType<JsonObject>().Single(s => s.ContainsKey("Request"));
            Assert.Equal((uuid, "a17e"), ((string?)fields["Device"], (string?)fields["Attempt"]));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    [Fact]
    public void An_operator_is_no_device_and_who_is_not_known_is_nobody()
    {
        var context = new DefaultHttpContext { TraceIdentifier = "r" };
        Assert.Equal(["Request=r"], Texts(context));

        context.Features.Set(new Caller(CallerKind.Operator, "k", new Scope("default", null)));
        Assert.Equal(["Request=r", "Caller=k"], Texts(context));
    }

    [Fact]
    public void The_format_is_one_of_two()
    {
        Assert.Equal(LogFormat.Json, ServerArguments.Parse(["--log-format", "json"])!.LogFormat);
        Assert.Equal(LogFormat.Text, ServerArguments.Parse([])!.LogFormat);
        Assert.Equal(HostupErrors.Usage, Assert.Throws<HostupException>(() => ServerArguments.Parse(["--log-format", "xml"])).Code);
    }

    private static IEnumerable<string> Texts(HttpContext context) => new RequestFields(context).Select(f => $"{f.Key}={f.Value}");

    private Process Start()
    {
        // the runtime that runs this test, as the server starts its own processes
        string launcher = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        var start = new ProcessStartInfo(launcher) { RedirectStandardOutput = true };
        foreach (string argument in (string[])[typeof(ServerHost).Assembly.Location, "--data", _data, "--urls", "http://127.0.0.1:0", "--log-format", "json", "--delta-workers", "0"])
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    private static async Task<JsonNode> LineAsync(Process process, Func<string, bool> which)
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (which(line))
                return JsonNode.Parse(line)!;
        }
        throw new InvalidOperationException("the server ended without the line");
    }
}
