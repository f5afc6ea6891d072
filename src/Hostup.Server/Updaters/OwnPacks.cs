using Hostup.Core;
using Hostup.Core.Wire;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updaters;

/// <summary>Deltas to device programs as one organisation may know of them: those that lead from nothing or a program of its own to a program of its own.</summary>
internal sealed class OwnPacks(HostupDb db, UpdaterPacks packs)
{
    /// <summary>Those that give a program, smallest first; null: there are none.</summary>
    public async Task<IReadOnlyList<UpdaterPack>?> OfAsync(string organisation, Digest updater, CancellationToken ct)
    {
        if (packs.Of(updater) is not { } all)
            return null;
        var own = await OwnAsync(organisation, ct);
        return own.Contains(updater) && all.Where(p => IsOwn(p, own)).ToList() is { Count: > 0 } some ? some : null;
    }

    /// <summary>Whether a blob is one of them.</summary>
    public async Task<bool> HasAsync(string organisation, Digest blob, CancellationToken ct)
    {
        if (!packs.Has(blob))
            return false;
        var own = await OwnAsync(organisation, ct);
        return own.Any(u => packs.Of(u)?.Any(p => p.Digest == blob && IsOwn(p, own)) == true);
    }

    private static bool IsOwn(UpdaterPack pack, HashSet<Digest> own) => pack.From is not { } from || own.Contains(from);

    private async Task<HashSet<Digest>> OwnAsync(string organisation, CancellationToken ct) =>
        [.. (await db.Updaters.Where(u => u.OrganisationId == organisation).Select(u => u.Digest).ToListAsync(ct)).Select(Digest.Parse)];
}
