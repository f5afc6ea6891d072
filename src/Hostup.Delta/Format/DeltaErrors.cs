using Hostup.Core.Errors;

namespace Hostup.Delta.Format;

/// <summary>How a delta that cannot be used is reported.</summary>
internal static class DeltaErrors
{
    public static HostupException Bad(string why) =>
        new(HostupErrors.BadDelta, "cannot use the delta", why, "get it again, or use the full image");

    public static HostupException WrongOld(string why) =>
        new(HostupErrors.DeltaOld, "cannot apply the delta", why, "use a delta from the tree that is there, or the full image");
}
