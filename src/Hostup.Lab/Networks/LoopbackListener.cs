using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Hostup.Lab.Networks;

/// <summary>An HTTP listener on a free loopback port.</summary>
public static class LoopbackListener
{
    private const int MostTries = 50;

    /// <summary>Starts one. It cannot choose a port itself, and another test may take the one that was free a moment ago.</summary>
    /// <returns>The listener and its address.</returns>
    public static (HttpListener Listener, Uri Base) Start()
    {
        for (int tries = 1; ; tries++)
        {
            var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort()}/"));
            var listener = new HttpListener();
            listener.Prefixes.Add(address.ToString());
            try
            {
                listener.Start();
                return (listener, address);
            }
            catch (HttpListenerException) when (tries < MostTries)
            {
                ((IDisposable)listener).Dispose();
            }
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
