using System.Net.Http.Headers;

namespace Hostup.Oci.Registries;

/// <summary>What a registry asks for in WWW-Authenticate (RFC 9110, 11.6.1): a scheme and its parameters.</summary>
/// <param name="Scheme">Bearer or Basic.</param>
/// <param name="Parameters">realm, service, scope.</param>
internal sealed record AuthChallenge(string Scheme, IReadOnlyDictionary<string, string> Parameters)
{
    /// <summary>The challenge we can answer, Bearer before Basic; null when there is none.</summary>
    public static AuthChallenge? Choose(HttpHeaderValueCollection<AuthenticationHeaderValue> offered)
    {
        var challenges = offered.Select(o => new AuthChallenge(o.Scheme, Parse(o.Parameter ?? ""))).ToList();
        return challenges.Find(c => c.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase) && c.Parameters.ContainsKey("realm"))
            ?? challenges.Find(c => c.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>name=value, name="quoted value", with commas between.</summary>
    private static Dictionary<string, string> Parse(string text)
    {
        var found = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        int at = 0;
        while (at < text.Length)
        {
            int equals = text.IndexOf('=', at);
            if (equals < 0)
                break;
            var name = text[at..equals].Trim(' ', ',');
            var value = new System.Text.StringBuilder();
            at = equals + 1;
            bool quoted = at < text.Length && text[at] == '"';
            if (quoted)
                at++;
            for (; at < text.Length && text[at] != (quoted ? '"' : ','); at++)
                value.Append(quoted && text[at] == '\\' && at + 1 < text.Length ? text[++at] : text[at]);
            at++;
            found[name] = quoted ? value.ToString() : value.ToString().Trim();
        }
        return found;
    }
}
