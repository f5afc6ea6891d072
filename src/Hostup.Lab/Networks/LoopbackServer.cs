using System.Net;

namespace Hostup.Lab.Networks;

/// <summary>An HTTP server on a free loopback port that answers one request after another.</summary>
public sealed class LoopbackServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly HttpListener _listener;
    private readonly Func<HttpListenerContext, Task> _answer;
    private readonly Task _serving;
    private volatile HttpListenerResponse? _answering;

    /// <summary>Starts it.</summary>
    /// <param name="answer">Answers a request. A peer that goes away is no fault.</param>
    public LoopbackServer(Func<HttpListenerContext, Task> answer)
    {
        (_listener, Base) = LoopbackListener.Start();
        _answer = answer;
        _serving = ServeAsync();
    }

    /// <summary>Its address.</summary>
    public Uri Base { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        // A peer that reads no more would be waited for.
        _answering?.Abort();
        // An answer that does not end fails the test by name instead of holding up the run.
        await _serving.WaitAsync(TimeSpan.FromSeconds(20));
        // Not before: a listener forgets who begins to wait for a request while it is closed. Nor is it stopped first: closing it then would take its port for a moment, which somebody may have by now.
        _listener.Close();
        _stopping.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var context = await _listener.GetContextAsync().WaitAsync(_stopping.Token);
                _answering = context.Response;
                if (_stopping.IsCancellationRequested)
                    context.Response.Abort();
                else
                    await _answer(context);
            }
            catch (Exception e) when (e is HttpListenerException or InvalidOperationException or IOException or OperationCanceledException)
            {
                // The peer went away, or we were stopped.
            }
        }
    }
}
