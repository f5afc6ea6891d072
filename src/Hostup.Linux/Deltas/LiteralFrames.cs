using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Delta.Applying;
using Hostup.Delta.Repair;

namespace Hostup.Linux.Deltas;

/// <summary>
/// The frames of a delta that could not be used in this process: they are made of the image in its place, and what was written before them stays. A new
/// process finds them again by trying.
/// </summary>
/// <param name="server">Who has the image.</param>
internal sealed class LiteralFrames(IDeltaServer server)
{
    private readonly Dictionary<int, int> _tries = [];
    private HostupException? _fault;
    private RepairList? _list;

    /// <summary>Whether a frame is made so.</summary>
    public bool Has(int frame) => _tries.ContainsKey(frame);

    /// <summary>Takes a frame that failed out of the delta.</summary>
    /// <param name="fault">Why it failed.</param>
    /// <param name="frame">Its number; 0: it was no frame.</param>
    /// <returns>False: there is no other way.</returns>
    public bool Take(HostupException fault, int frame)
    {
        int tries = _tries.GetValueOrDefault(frame);
        // What was damaged on its way from the image may come right the next time.
        if (frame == 0 || tries > 1 || (tries == 1 && fault.Code != HostupErrors.DigestMismatch))
            return false;
        _tries[frame] = tries + 1;
        _fault = fault;
        return true;
    }

    /// <summary>How they are made; null: none failed.</summary>
    /// <param name="release">The release.</param>
    /// <param name="parts">The delta.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="HostupException">Why the last one failed, when they cannot be made; the codes of the server.</exception>
    public async ValueTask<DeltaRepairs?> RepairsAsync(ReleaseManifest release, DeltaParts parts, CancellationToken ct)
    {
        if (_fault is null)
            return null;
        // Only of a framed layer a part can be had, and is checked.
        if (release.Image.Layers is [] || release.Image.Layers.Any(l => l.Members is []))
            throw _fault;
        _list ??= RepairList.Read(await server.RepairListAsync(parts.Offer, ct).ConfigureAwait(false) ?? throw _fault);
        return new DeltaRepairs(_tries.Keys.ToHashSet(), _list, place => server.OpenImage(release, place));
    }
}
