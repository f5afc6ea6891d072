using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Delta.Programs;
using Hostup.Oci.Layouts;

namespace Hostup.Device.Agent;

/// <summary>An updater by a shorter way than as it is: as what it differs by from a program that is here, or packed. Whatever of it fails, the program comes as it is.</summary>
/// <param name="server">Where it comes from.</param>
/// <param name="root">As in <see cref="UpdaterStore"/>.</param>
internal sealed class UpdaterUnpacking(ServerLink server, string root)
{
    /// <summary>Name of what has arrived of it, behind the program's.</summary>
    public const string Part = ".pack";

    /// <summary>The shortest way, and the program that it begins with; null: none is shorter than what is left of the program.</summary>
    /// <param name="wanted">The program.</param>
    /// <param name="left">Bytes that are missing of it.</param>
    public (UpdaterPack Pack, string? From)? ShortestOf(UpdaterArtifact wanted, long left)
    {
        foreach (var pack in (wanted.Packs ?? []).Where(p => p.Bytes is > 0 && p.Bytes < left).OrderBy(p => p.Bytes))
        {
            if (pack.From is not { } digest)
                return (pack, null);
            if (UpdaterStore.Find(digest, root) is { } here)
                return (pack, here);
        }
        return null;
    }

    /// <summary>Fetches it and makes the program of it. Durable when it returns true.</summary>
    /// <param name="wanted">The program.</param>
    /// <param name="way">The way.</param>
    /// <param name="path">The file of the program; the delta lies beside it until it is used up.</param>
    /// <param name="mostBytes">What it may cost.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>False: it does not give the program, or is not there.</returns>
    /// <exception cref="HostupException"><c>byte-budget</c> and the codes of the link, but for <c>not-found</c>.</exception>
    /// <exception cref="IOException">The place takes no write.</exception>
    public async Task<bool> FetchAsync(UpdaterArtifact wanted, (UpdaterPack Pack, string? From) way, string path, long mostBytes, CancellationToken ct)
    {
        string packed = path + Part;
        try
        {
            await server.FetchUpdaterAsync(wanted with { Digest = way.Pack.Digest, Size = way.Pack.Bytes }, packed, mostBytes, ct).ConfigureAwait(false);
            if (ThisProgram.DigestOfFile(packed) == way.Pack.Digest)
            {
                await MakeAsync(packed, way.From, path, wanted.Size, ct).ConfigureAwait(false);
                if (ThisProgram.DigestOfFile(path) == wanted.Digest)
                {
                    File.Delete(packed);
                    return true;
                }
            }
        }
        catch (HostupException e) when (e.Code == HostupErrors.NotFound || e.Code == HostupErrors.BadDelta || e.Code == HostupErrors.DeltaOld)
        {
            await Console.Error.WriteLineAsync($"the updater comes as it is: {e.Message}").ConfigureAwait(false);
        }
        File.Delete(packed);
        File.Delete(path);
        return false;
    }

    private static async Task MakeAsync(string packed, string? from, string path, long mostBytes, CancellationToken ct)
    {
        var delta = File.OpenRead(packed);
        await using var _ = delta.ConfigureAwait(false);
        // Without a buffer: what a place did not take must not be tried again by whoever closes the file.
        var program = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        await using var __ = program.ConfigureAwait(false);
        await ProgramDelta.ApplyAsync(delta, from, program, Path.GetDirectoryName(path)!, mostBytes, ct).ConfigureAwait(false);
        FileFlush.ToDisk(program);
    }
}
