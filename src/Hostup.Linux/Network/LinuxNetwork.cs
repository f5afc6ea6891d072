using System.Globalization;
using Hostup.Core.Errors;
using Hostup.Linux.Processes;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Network;

/// <summary>The network of a real device: NetworkManager's word on its cost, the kernel's counters of its interfaces.</summary>
/// <param name="commands">Runs programs.</param>
/// <param name="root">Root of the file system; another folder in tests.</param>
public sealed class LinuxNetwork(CommandRunner commands, string root = "/") : INetwork
{
    private const string Busctl = "/usr/bin/busctl|/bin/busctl";
    private const string Name = "org.freedesktop.NetworkManager";

    // NetworkManager's NMMetered
    private const string Yes = "1";
    private const string No = "2";
    private const string GuessYes = "3";
    private const string GuessNo = "4";

    private readonly EngineSockets _engine = new(root);

    /// <inheritdoc/>
    public async ValueTask<bool?> IsMeteredAsync(CancellationToken ct)
    {
        try
        {
            var result = await commands.RunAsync(Busctl, ["--timeout=10", "get-property", Name, "/org/freedesktop/NetworkManager", Name, "Metered"], ct).ConfigureAwait(false);
            return result.ExitCode != 0 ? null : result.Output.Trim().Split(' ') is not ["u", var word] ? null : word switch
            {
                Yes or GuessYes => true,
                No or GuessNo => false,
                _ => null,
            };
        }
        catch (HostupException)
        {
            return null; // no such program: nobody says
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<InterfaceBytes> Count()
    {
        string net = Path.Combine(root, "sys/class/net");
        return !Directory.Exists(net) ? [] :
        [
            .. Directory.EnumerateDirectories(net).Where(LeadsOut).Order(StringComparer.Ordinal)
                .Select(i => Read(i, "rx_bytes") is { } received && Read(i, "tx_bytes") is { } sent ? new InterfaceBytes(Path.GetFileName(i), received, sent) : null)
                .OfType<InterfaceBytes>(),
        ];
    }

    /// <inheritdoc/>
    public IReadOnlyList<EngineConnection> EngineConnections() => _engine.Read();

    /// <summary>What has hardware, and dialled links, which have none of their own. Bridges, containers and tunnels carry the same bytes again.</summary>
    private static bool LeadsOut(string path) => Path.Exists(Path.Combine(path, "device")) || Path.GetFileName(path).StartsWith("ppp", StringComparison.Ordinal);

    private static long? Read(string path, string counter)
    {
        try
        {
            return long.TryParse(File.ReadAllText(Path.Combine(path, "statistics", counter)).Trim(), CultureInfo.InvariantCulture, out long value) ? value : null;
        }
        catch (IOException)
        {
            return null; // it went away meanwhile
        }
    }
}
