using Hostup.Core.Errors;

namespace Hostup.Server.Organisations;

/// <summary>Names of organisations and fleets: such as stand in an address and on a command line as they are.</summary>
internal static class OwnerName
{
    private const int MaxLength = 64;

    /// <exception cref="HostupException"><c>bad-value</c>.</exception>
    public static string Check(string? name, string what) => name is { Length: > 0 and <= MaxLength } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')
        ? name
        : throw new HostupException(HostupErrors.BadValue, $"cannot name the {what} '{name}'", $"a name has 1 to {MaxLength} letters, digits, dots, dashes and underscores", "choose another name");
}
