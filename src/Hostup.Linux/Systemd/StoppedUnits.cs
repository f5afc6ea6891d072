namespace Hostup.Linux.Systemd;

/// <summary>
/// Which units ran before the update stopped them, in memory: every process of the same update knows it, and a reboot, which starts them anyway, takes it away. What somebody
/// had stopped before is not among them.
/// </summary>
/// <param name="path">File with a name on each line.</param>
internal sealed class StoppedUnits(string path)
{
    /// <summary>Reads it; null: nothing was stopped, or nobody knows what.</summary>
    public IReadOnlyList<string>? Load() => File.Exists(path) ? File.ReadAllLines(path) : null;

    /// <summary>Adds units. Without room it does without: the supervisor is started then in any case, its timer by the next reboot.</summary>
    public void Add(IReadOnlyList<string> units)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllLines(path, (Load() ?? []).Union(units));
        }
        catch (IOException)
        {
            Forget();
        }
    }

    /// <summary>All is as before.</summary>
    public void Forget()
    {
        if (File.Exists(path))
            File.Delete(path);
    }
}
