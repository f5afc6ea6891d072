using System.Text.Json;

namespace Hostup.Linux.Engine;

/// <summary>Adds up what the engine says while it pulls: one JSON document a line, <c>{"id","status","progressDetail":{"current","total"}}</c>.</summary>
internal sealed class PulledLayers
{
    private readonly Dictionary<string, long> _layers = [];

    /// <summary>Bytes of layers received so far.</summary>
    public long Bytes => _layers.Values.Sum();

    /// <summary>Reads a line.</summary>
    /// <returns>The engine's error, which comes after its 200; null: none.</returns>
    public string? Read(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            if (root.TryGetProperty("error", out var error))
                return error.GetString();
            if (root.TryGetProperty("id", out var id) && root.TryGetProperty("status", out var status) && status.GetString() == "Downloading"
                && root.TryGetProperty("progressDetail", out var detail) && detail.TryGetProperty("current", out var current))
                _layers[id.GetString()!] = detail.TryGetProperty("total", out var total) ? Math.Max(total.GetInt64(), current.GetInt64()) : current.GetInt64();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
