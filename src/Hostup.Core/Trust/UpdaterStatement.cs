using System.Text.Json;
using Hostup.Core.Errors;

namespace Hostup.Core.Trust;

/// <summary>What the OS builder signs about a device program: which bytes it has, what it is called and where it runs.</summary>
public sealed record UpdaterStatement
{
    /// <summary>DSSE payload type of an updater statement.</summary>
    public const string PayloadType = "application/vnd.hostup.updater.v1+json";

    /// <summary>Version of the program.</summary>
    public required string Version { get; init; }

    /// <summary>Digest of the program.</summary>
    public required Digest Digest { get; init; }

    /// <summary>Bytes of the program.</summary>
    public required long Size { get; init; }

    /// <summary>Where it runs: a .NET runtime identifier like <c>linux-x64</c>.</summary>
    public required string Platform { get; init; }

    /// <summary>Reads the JSON of a statement.</summary>
    /// <exception cref="HostupException"><c>bad-value</c> when it is not JSON or a field is missing.</exception>
    public static UpdaterStatement Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, TrustJson.Default.UpdaterStatement) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new HostupException(HostupErrors.BadValue, "cannot read updater statement", e.Message, "sign the updater again with `hostup updater sign`", e);
        }
    }

    /// <summary>The JSON of this statement, UTF-8.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, TrustJson.Default.UpdaterStatement);
}
