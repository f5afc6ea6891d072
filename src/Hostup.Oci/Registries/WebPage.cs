namespace Hostup.Oci.Registries;

/// <summary>What a portal shows in the place of an answer. It goes away with the network that shows it.</summary>
public static class WebPage
{
    /// <summary>Who shows one, in words; null: the answer is none.</summary>
    public static string? Of(HttpResponseMessage answer) => answer.Content.Headers.ContentType?.MediaType is "text/html" or "application/xhtml+xml"
        ? $"{answer.RequestMessage?.RequestUri?.Authority} answered with a web page"
        : null;
}
