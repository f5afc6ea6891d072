using System.Text.RegularExpressions;
using Hostup.Core.Errors;

namespace Hostup.Server.Registry;

/// <summary>Names of repositories and tags as the OCI distribution specification has them.</summary>
internal static partial class RepositoryName
{
    public static bool IsGood(string name) => name.Length <= 255 && Name().IsMatch(name);

    public static bool IsTag(string tag) => Tag().IsMatch(tag);

    public static string Check(string name) => IsGood(name)
        ? name
        : throw new HostupException(HostupErrors.BadValue, $"cannot use repository '{name}'", "a name has lower-case letters, digits, dots, dashes, underscores and slashes", "choose another name");

    [GeneratedRegex(@"^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$")]
    private static partial Regex Name();

    [GeneratedRegex("^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$")]
    private static partial Regex Tag();
}
