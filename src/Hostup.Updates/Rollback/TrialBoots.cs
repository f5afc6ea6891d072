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
    public static void Reset(IFiles files)
    {
        AtomicFile.Delete(files, Places.TrialBootsSettled);
        AtomicFile.Write(files, Places.TrialBoots, "0"u8);
    }

    /// <summary>Boots so far.</summary>
    public static int Read(IFiles files) => Number(files, Places.TrialBoots);

    /// <summary>The boot loader's count was set back in the boot that was counted last: from now on a failed boot is the OS's. Durable when it returns.</summary>
    public static void Settle(IFiles files) => AtomicFile.Write(files, Places.TrialBootsSettled, Encoding.ASCII.GetBytes(Read(files).ToString(CultureInfo.InvariantCulture)));

    /// <summary>Whether that was so in the last boot. If not, the power may have gone between the two counts, which the boot loader takes for a failed boot.</summary>
    public static bool AreSettled(IFiles files) => Read(files) == Number(files, Places.TrialBootsSettled);

    private static int Number(IFiles files, string path) =>
        files.Exists(path) && int.TryParse(Encoding.ASCII.GetString(files.Read(path)), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;

    /// <summary>Counts this boot. Durable when it returns.</summary>
    /// <returns>Boots so far, this one included.</returns>
    public static int Count(IFiles files)
    {
        int boots = Read(files) + 1;
        AtomicFile.Write(files, Places.TrialBoots, Encoding.ASCII.GetBytes(boots.ToString(CultureInfo.InvariantCulture)));
        return boots;
    }
}
