using Hostup.Core.RootTrees;
using Hostup.Lab.Sim;
using Hostup.Updates.Slots;

namespace Hostup.Updates.Tests;

/// <summary>The process dies with the first write after each checkpoint.</summary>
internal static class KillAfterEachCheckpoint
{
    public static Func<string, bool> Of(SimDevice device)
    {
        (TreePlace, long)? last = null;
        return effect =>
        {
            if (!effect.StartsWith("write /", StringComparison.Ordinal) || SpareProgress.Load(device.Files) is not { } known || (known.Place, known.FileBytes) == last)
                return false;
            last = (known.Place, known.FileBytes);
            return true;
        };
    }
}
