namespace Hostup.Lab.Payload;

/// <summary>Stands in for the supervisor's database: a newer supervisor changes its shape, and an older one cannot read that.</summary>
internal sealed class SupervisorDatabase(string path, InterferenceLog log)
{
    /// <summary>Opens it.</summary>
    /// <returns>False when a newer supervisor wrote it; this one cannot go on then.</returns>
    public async Task<bool> OpenAsync(string version, CancellationToken ct)
    {
        string found = File.Exists(path) ? (await File.ReadAllTextAsync(path, ct)).Trim() : "";
        if (string.CompareOrdinal(found, version) > 0)
        {
            log.Write("database-too-new", found);
            return false;
        }
        if (found == version)
            return true;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, version + "\n", ct);
        return true;
    }
}
