using System.Text;
using Hostup.Core.Errors;

namespace Hostup.Device.Agent;

/// <summary>What an answer of the server means that is no success.</summary>
internal static class AnswerFault
{
    private const int MostShown = 200;
    private const int MostRead = 4 << 10; // an answer that is read to its end leaves its connection for the next one

    /// <summary>Lets a success pass.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="what">What was asked; completes "cannot ..." in errors.</param>
    /// <param name="silence">How long a body may say nothing.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="HostupException"><c>unauthorized</c>, <c>not-found</c>, <c>conflict</c>, <c>server-busy</c> or <c>link</c>; with it when the server wants to be asked again.</exception>
    public static async Task RequireSuccessAsync(HttpResponseMessage answer, string what, TimeSpan silence, CancellationToken ct)
    {
        if (answer.IsSuccessStatusCode)
            return;
        string said = await SaidAsync(answer, what, silence, ct).ConfigureAwait(false);
        var code = (int)answer.StatusCode switch { 401 or 403 => HostupErrors.Unauthorized, 404 => HostupErrors.NotFound, 409 => HostupErrors.Conflict, 429 or >= 500 => HostupErrors.ServerBusy, _ => HostupErrors.Link };
        throw new HostupException(code, $"cannot {what}", $"the server answers {(int)answer.StatusCode} {said}", "see the server's log") { RetryAfter = AskedPause(answer) };
    }

    // The status says enough where the link breaks in the middle of the words.
    private static async Task<string> SaidAsync(HttpResponseMessage answer, string what, TimeSpan silence, CancellationToken ct)
    {
        try
        {
            var body = await answer.Content.ReadAsStreamAsync(ct).ConfigureAwait(false);
            byte[] words = new byte[MostRead];
            int count = await new ServerBody(body, what, silence).FillAsync(words, ct).ConfigureAwait(false);
            string said = Encoding.UTF8.GetString(words, 0, count);
            return said.Length > MostShown ? said[..MostShown] : said;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or HostupException)
        {
            return e.Message;
        }
    }

    // A date is compared with the server's own clock: a device's may be years off (RFC 9110, 10.2.3).
    private static TimeSpan? AskedPause(HttpResponseMessage answer) => answer.Headers.RetryAfter is not { } after ? null
        : after.Delta ?? (after.Date > answer.Headers.Date ? after.Date - answer.Headers.Date : null);
}
