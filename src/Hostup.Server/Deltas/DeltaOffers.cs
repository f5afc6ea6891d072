using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Oci.Images;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Hostup.Server.Registry;
using Hostup.Server.Releases;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Deltas;

/// <summary>What devices are offered: deltas that were proved, as artefacts in the repository of the image that they lead to.</summary>
internal sealed class DeltaOffers(HostupDb db, BlobStore blobs, Images images, DeltaJobs jobs, DeltaNews news, ServerOptions options, ILogger<DeltaOffers> log)
{
    /// <summary>Annotation of the artefact: the tree that it leads from.</summary>
    public const string FromAnnotation = "vnd.hostup.delta.from";

    /// <summary>Annotation of the artefact: the version that it leads to.</summary>
    public const string ToAnnotation = "vnd.hostup.delta.to";

    /// <summary>The delta from a tree to a release, ready or on its way; it is queued when nobody has asked for it before.</summary>
    /// <exception cref="HostupException"><c>no-delta</c> with the reason.</exception>
    public async Task<DeltaRow> OfAsync(Digest tree, ReleaseRow to, CancellationToken ct)
    {
        string name = tree.ToString();
        if (to.TreeDigest == name)
            throw None(to, "the device has that very tree");
        var from = await db.Releases.AsNoTracking().Where(r => r.OrganisationId == to.OrganisationId && r.TreeDigest == name && r.DeviceType == to.DeviceType).OrderByDescending(r => r.Sequence).FirstOrDefaultAsync(ct)
            ?? throw None(to, $"no release for {to.DeviceType} on this server has the tree {tree}");
        bool builds = options.DeltaWorkers > 0;
        var delta = builds ? await jobs.AskAsync(from, to, urgent: false, ct) : await jobs.FindAsync(name, to.Id, ct);
        if (delta is { State: DeltaStates.Ready } && !IsWhole(delta))
            delta = await jobs.AgainAsync(delta, urgent: false, ct);
        if (delta is null || (!builds && !DeltaStates.IsSettled(delta.State)))
            throw None(to, "this server builds no deltas");
        return delta.State switch
        {
            DeltaStates.NotWorth => throw None(to, $"it would have {new ByteCount(delta.Bytes ?? 0)}, and the full image has {new ByteCount(to.DownloadBytes)}"),
            DeltaStates.Failed => throw None(to, $"building it failed with {delta.ErrorCode}"),
            _ => delta,
        };
    }

    /// <summary>Puts a delta that was built and proved into the registry, and offers it.</summary>
    /// <param name="delta">As its worker took it.</param>
    /// <param name="blob">The delta in the store, where its repair list is too.</param>
    /// <param name="built">What is known of it.</param>
    /// <param name="ct">Cancels; nothing is offered then.</param>
    /// <returns>False: it is not the worker's any more, and nothing was changed.</returns>
    public async Task<bool> PutAsync(DeltaRow delta, Digest blob, DeltaWord built, CancellationToken ct)
    {
        var to = await db.Releases.AsNoTracking().SingleAsync(r => r.Id == delta.ToReleaseId, ct);
        List<OciDescriptor> contents = [new OciDescriptor { MediaType = MediaTypes.Delta, Digest = blob, Size = built.Bytes }];
        if (built.Repairs is { } list && Digest.Parse(list) is var repairs && blobs.SizeOf(repairs) is { } size)
            contents.Add(new OciDescriptor { MediaType = MediaTypes.DeltaRepairs, Digest = repairs, Size = size });
        byte[] manifest = OciArtifact.Manifest(
            MediaTypes.Delta,
            contents,
            await SubjectAsync(to, ct),
            new Dictionary<string, string> { [FromAnnotation] = delta.FromTree, [ToAnnotation] = to.Version });
        var config = await blobs.AddAsync(OciArtifact.EmptyConfig, ct);
        var artifact = await blobs.AddAsync(manifest, ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await images.AddAsync(RepositoryOf(to), config, null, ct);
        foreach (var content in contents)
            await images.AddAsync(RepositoryOf(to), content.Digest, null, ct);
        await images.AddAsync(RepositoryOf(to), artifact, MediaTypes.Manifest, ct);
        if (!await jobs.ReadyAsync(delta.Id, delta.LeaseOwner!, blob.ToString(), artifact.ToString(), built.Bytes, built.Frames, ct))
            return false;
        await transaction.CommitAsync(ct);
        news.Tell(delta.Id); // those who looked before the commit saw nothing
        log.DeltaReady(delta.Id, built.Bytes, to.DownloadBytes);
        return true;
    }

    /// <summary>Remembers that a delta saves too little.</summary>
    /// <returns>False: it is not the worker's any more.</returns>
    public async Task<bool> RefuseAsync(DeltaRow delta, DeltaWord built, CancellationToken ct)
    {
        if (!await jobs.NotWorthAsync(delta.Id, delta.LeaseOwner!, built.Bytes, built.Frames, ct))
            return false;
        log.DeltaNotWorth(delta.Id, built.Bytes, await db.Releases.Where(r => r.Id == delta.ToReleaseId).Select(r => r.DownloadBytes).SingleAsync(ct));
        return true;
    }

    private async Task<OciDescriptor> SubjectAsync(ReleaseRow to, CancellationToken ct)
    {
        var image = Digest.Parse(to.ImageDigest);
        return new OciDescriptor
        {
            MediaType = (await images.FindAsync(RepositoryOf(to), image, ct))?.MediaType ?? MediaTypes.Manifest,
            Digest = image,
            Size = blobs.SizeOf(image) ?? throw new HostupException(HostupErrors.NotFound, $"cannot offer a delta to {to.Version}", $"the server does not have its image {image}", "push the image again"),
        };
    }

    /// <summary>A store that lost a file, or has only a part of it, is mended by building it again.</summary>
    private bool IsWhole(DeltaRow delta) => delta is { BlobDigest: { } blob, ArtifactDigest: { } artifact } && blobs.SizeOf(Digest.Parse(blob)) == delta.Bytes && blobs.Find(Digest.Parse(artifact)) is not null;

    private static RepositoryId RepositoryOf(ReleaseRow release) => new(release.OrganisationId, release.Repository);

    private static HostupException None(ReleaseRow to, string why) => new(HostupErrors.NoDelta, $"cannot offer a delta to {to.Version}", why, "the device takes the full image; see `hostup delta list` on the operator's machine");
}
