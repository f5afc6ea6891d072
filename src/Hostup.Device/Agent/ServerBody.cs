using Hostup.Core.Errors;

namespace Hostup.Device.Agent;

/// <summary>The body of an answer as it comes: its silence has a limit, and the whole has none, for a slow link is no broken one.</summary>
/// <param name="body">The body.</param>
/// <param name="what">What was asked; completes "cannot ..." in errors.</param>
/// <param name="silence">How long nothing may come.</param>
internal sealed class ServerBody(Stream body, string what, TimeSpan silence)
{
    /// <summary>A link that gives nothing for so long is broken; mobile links pause for some 10 s.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(60);

    private long _came;

    /// <summary>Reads on.</summary>
    /// <returns>Bytes; zero at its end.</returns>
    /// <exception cref="HostupException"><c>link</c>: it broke, or nothing came for too long.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(silence);
        try
        {
            int count = await body.ReadAsync(buffer, limit.Token).ConfigureAwait(false);
            _came += count;
            return count;
        }
        // disposed: the limit passed in the moment in which the last bytes came, and the connection has been given up
        catch (Exception e) when (e is IOException or HttpRequestException or ObjectDisposedException)
        {
            throw Broken(e.Message, e);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw Broken($"nothing more for {silence.TotalSeconds:0} s", e);
        }
    }

    /// <summary>Reads until the buffer is full or the body ends.</summary>
    /// <returns>Bytes that are in the buffer.</returns>
    /// <exception cref="HostupException"><c>link</c>.</exception>
    public async Task<int> FillAsync(Memory<byte> buffer, CancellationToken ct)
    {
        int filled = 0;
        while (filled < buffer.Length && await ReadAsync(buffer[filled..], ct).ConfigureAwait(false) is > 0 and var count)
            filled += count;
        return filled;
    }

    private HostupException Broken(string why, Exception e) =>
        new(HostupErrors.Link, $"cannot {what}", $"{_came} bytes came, then {why}", "check the link; it is tried again", e);
}
