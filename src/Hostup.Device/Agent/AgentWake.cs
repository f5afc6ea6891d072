using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Hostup.Device.Agent;

/// <summary>The agent's pauses, which <c>hostup-device poll-now</c> ends with a signal.</summary>
internal sealed class AgentWake : IDisposable
{
    // SIGUSR1 of Linux. A hang-up is left alone: a process that was started with nohup never gets one.
    private const PosixSignal PollNow = (PosixSignal)10;

    /// <summary>How long OpenSSL lets a session of TLS 1.3 be resumed (SSL_CTX_set_timeout(3), default).</summary>
    private const int SessionSeconds = 7200;
    /// <summary>The poll itself takes time too.</summary>
    private const int LongestInSession = SessionSeconds - 60;

    private readonly TimeProvider _time;
    private readonly PosixSignalRegistration _signal;
    private readonly SemaphoreSlim _wanted = new(0, 1);

    public AgentWake(TimeProvider time)
    {
        _time = time;
        _signal = PosixSignalRegistration.Create(PollNow, context =>
        {
            context.Cancel = true;
            Wake();
        });
    }

    /// <summary>Ends the pause that is under way, or the next one.</summary>
    public void Wake()
    {
        try
        {
            _wanted.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is wanted already.
        }
    }

    /// <summary>Returns after a time, when it is woken, or when it is to end.</summary>
    /// <returns>Whether it was woken.</returns>
    public async Task<bool> PauseAsync(TimeSpan time, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(time, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        var wanted = _wanted.WaitAsync(both.Token);
        await wanted.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return wanted.IsCompletedSuccessfully;
    }

    /// <summary>
    /// Devices of a fleet that were switched on together must not poll together: up to a tenth is added. A pause of about two hours ends before them, while the server still knows the
    /// TLS session: a poll that must greet it anew costs half as much again.
    /// </summary>
    public static TimeSpan WithJitter(int seconds)
    {
        int spread = Math.Max(1, seconds / 10);
        int least = seconds <= SessionSeconds && seconds + spread > LongestInSession ? LongestInSession - spread : seconds;
        return TimeSpan.FromSeconds(least + RandomNumberGenerator.GetInt32(spread));
    }

    public void Dispose()
    {
        _signal.Dispose();
        _wanted.Dispose();
    }
}
