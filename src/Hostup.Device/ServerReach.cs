using Hostup.Core.Errors;
using Hostup.Linux.Health;

namespace Hostup.Device;

/// <summary>Asks the server of config.json whether it is there, as the agent would: with the owner's authority and proxy.</summary>
internal sealed class ServerReach : IServerReach
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    public async ValueTask<string?> FaultAsync(CancellationToken ct)
    {
        try
        {
            var config = DeviceConfig.Load();
            if (config.Server is not { } server)
                return "config.json names no server";
            using var connections = config.Connections();
            using var http = connections.Open();
            http.Timeout = Patience;
            using var answer = await http.GetAsync(new Uri(server, "healthz"), ct).ConfigureAwait(false);
            return answer.IsSuccessStatusCode ? null : $"{server.Authority} answers {(int)answer.StatusCode}";
        }
        catch (HttpRequestException e)
        {
            return e.Message;
        }
        catch (TaskCanceledException) when (!ct.IsCancellationRequested)
        {
            return $"no answer within {Patience.TotalSeconds:0} s";
        }
        catch (HostupException e)
        {
            return e.Why;
        }
    }
}
