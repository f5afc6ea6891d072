using System.Text.RegularExpressions;

namespace Hostup.Core.Releases;

/// <summary>Names of root slots on partitions and file systems: <c>resin-rootA</c>, or <c>flash-rootB</c> on a flasher.</summary>
public static partial class SlotName
{
    /// <summary>Whether a label names a root slot.</summary>
    public static bool Is(string label) => Pattern().IsMatch(label);

    [GeneratedRegex("^[a-z]+-root[AB]$")]
    private static partial Regex Pattern();
}
