using System.Globalization;
using System.Text;
using Hostup.Updates.Files;

namespace Hostup.Updates.Rollback;

/// <summary>
/// How often user space of the new OS came up during this trial. The boot loader's own counter is reset once this one is durable, so orderly
/// reboots and short power cuts are not failed boots, and a release that dies later is not tried for ever.
/// </summary>
public static class TrialBoots
{
    /// <summary>The trial boot that goes back before anything else starts.</summary>
    public const int Limit = 6; // five real tries, docs/architecture.md rule 5

    /// <summary>Starts at zero. Durable when it returns.</summary>
    public static void Reset(IFiles files) => AtomicFile.Write(files, Places.TrialBoots, "0"u8);

    /// <summary>Boots so far.</summary>
    public static int Read(IFiles files) =>
        files.Exists(Places.TrialBoots) && int.TryParse(Encoding.ASCII.GetString(files.Read(Places.TrialBoots)), NumberStyles.None, CultureInfo.InvariantCulture, out int boots) ? boots : 0;

    /// <summary>Counts this boot. Durable when it returns.</summary>
    /// <returns>Boots so far, this one included.</returns>
    public static int Count(IFiles files)
    {
        int boots = Read(files) + 1;
        AtomicFile.Write(files, Places.TrialBoots, Encoding.ASCII.GetBytes(boots.ToString(CultureInfo.InvariantCulture)));
        return boots;
    }
}
