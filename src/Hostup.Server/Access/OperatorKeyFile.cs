using System.Text;
using Hostup.Oci.Layouts;
using Hostup.Server.Organisations;

namespace Hostup.Server.Access;

/// <summary>The first operator key: made at first start, readable by the server's user only, to be moved to a safe place.</summary>
internal static class OperatorKeyFile
{
    public const string Name = "operator-key";

    /// <summary>Makes it, unless there was a key before.</summary>
    /// <returns>Whether it was made: this is the first start.</returns>
    public static async Task<bool> MakeAsync(string dataDirectory, Keys keys, ILogger log, CancellationToken ct)
    {
        if (await keys.HasOperatorAsync(ct))
            return false;
        string path = Path.Combine(dataDirectory, Name);
        string key = Key.Create(CallerKind.Operator);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        // a file of that name from elsewhere may have other rights
        File.Delete(path);
        await using (var file = new FileStream(path, options))
        {
            await file.WriteAsync(Encoding.ASCII.GetBytes(key + "\n"), ct);
            FileFlush.ToDisk(file);
        }
        FileFlush.Directory(dataDirectory);
        // only now: a start that was cut before makes another one
        await keys.AddAsync(new Scope(OrganisationRow.First, null), Role.Administrator, key, "made at first start", null, ct);
        log.OperatorKeyMade(path);
        return true;
    }
}
