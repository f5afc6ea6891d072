using System.Security.Cryptography;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Delta.Programs;
using Hostup.Server.Blobs;
using Hostup.Server.Deltas;

namespace Hostup.Server.Updaters;

/// <summary>What the process does that builds the delta between two device programs, and proves it.</summary>
internal static class UpdaterPackBuild
{
    /// <param name="blobs">The store.</param>
    /// <param name="from">The program that it is applied to; null: none.</param>
    /// <param name="to">The program that it gives.</param>
    /// <param name="folder">Receives it, as <see cref="DeltaBuild.FileName"/>.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="HostupException">The server lost a program, or the delta does not give it.</exception>
    public static async Task<DeltaWord> MakeAsync(BlobStore blobs, Digest? from, Digest to, string folder, CancellationToken ct)
    {
        string? old = from is { } digest ? FileOf(blobs, digest) : null;
        string target = FileOf(blobs, to);
        await using var delta = File.Create(Path.Combine(folder, DeltaBuild.FileName));
        int frames = (await ProgramDelta.BuildAsync(old, target, delta, folder, ct)).Frames.Count;
        if (delta.Length >= DeltaBuild.LargestPart * new FileInfo(target).Length)
            return new DeltaWord { NotWorth = true, Bytes = delta.Length, Frames = frames };
        delta.Position = 0;
        string made = Path.Combine(folder, "made");
        await using (var output = File.Create(made))
            await ProgramDelta.ApplyAsync(delta, old, output, folder, long.MaxValue, ct);
        await using var program = File.OpenRead(made);
        if (await DigestAsync(program, ct) != to)
            throw new HostupException(HostupErrors.DigestMismatch, "cannot offer the updater as a delta", $"what it gives is not {to}", "send both programs to the developers");
        delta.Position = 0;
        return DeltaWord.Built(await DigestAsync(delta, ct), delta.Length, frames);
    }

    private static string FileOf(BlobStore blobs, Digest digest) => blobs.Find(digest)
        ?? throw new HostupException(HostupErrors.NotFound, "cannot build a delta of updaters", $"the server does not have program {digest}", "upload the updater again");

    private static async Task<Digest> DigestAsync(Stream content, CancellationToken ct) => Digest.FromHash(await SHA256.HashDataAsync(content, ct));
}
