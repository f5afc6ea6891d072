using Hostup.Core.Errors;

namespace Hostup.Server;

/// <summary>Reads small bodies, bounded before they are read.</summary>
internal static class RequestBodies
{
    /// <exception cref="HostupException"><c>too-large</c> above the bound.</exception>
    public static async Task<byte[]> ReadAsync(this HttpRequest request, int maxBytes, CancellationToken ct)
    {
        byte[] buffer = new byte[Math.Min(request.ContentLength ?? maxBytes, maxBytes) + 1];
        int read = await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, ct);
        return read <= maxBytes && read < buffer.Length
            ? buffer[..read]
            : throw new HostupException(HostupErrors.TooLarge, "cannot take the request", $"its body has more than {maxBytes} bytes", "send less at once");
    }
}
