using Hostup.Linux.Network;

namespace Hostup.Device.Commands;

/// <summary>The connections of an update process, opened when something is to be fetched: an attempt is taken back also when config.json cannot be read.</summary>
internal sealed class UpdateNetwork : IDisposable
{
    private ServerConnections? _connections;

    /// <summary>A client without a time limit of its own: who reads a body has one.</summary>
    public HttpClient Http
    {
        get
        {
            if (field is not null)
                return field;
            _connections = DeviceConfig.Load().Connections();
            field = _connections.Open();
            field.Timeout = Timeout.InfiniteTimeSpan;
            return field;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_connections is null)
            return;
        Http.Dispose();
        _connections.Dispose();
    }
}
