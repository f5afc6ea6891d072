using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Hostup.Core.Targets;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Hostup.Server.Devices;
using Hostup.Server.Releases;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>Gathers what is known of one attempt: for a page, and for an archive that can be sent to somebody.</summary>
internal sealed class Findings(HostupDb db, Silences silences, WhyNots whyNots, AttemptLogs logs, BlobStore blobs)
{
    private const int TailLines = 40;
    private static readonly WireJson Indented = new(new JsonSerializerOptions(WireJson.Default.Options) { WriteIndented = true });

    /// <summary>The attempt with everything that is found out about it.</summary>
    public async Task<AttemptView> OfAsync(AttemptRow row, CancellationToken ct)
    {
        var events = await db.AttemptEvents.AsNoTracking().Where(e => e.AttemptId == row.Id).OrderBy(e => e.Id).ToListAsync(ct);
        var device = await db.Devices.AsNoTracking().SingleAsync(d => d.Uuid == row.DeviceUuid, ct);
        var release = await db.Releases.AsNoTracking().SingleOrDefaultAsync(r => r.Id == row.ReleaseId, ct); // a revert names none
        var silence = await silences.OfAsync(row, device.LastSeenAt, ct);
        var state = device.State is { } text ? JsonSerializer.Deserialize(text, WireJson.Default.DeviceStateReport) : null;
        // what a device runs after a later attempt says nothing of this one
        bool isLast = !await db.Attempts.AnyAsync(a => a.DeviceUuid == row.DeviceUuid && string.Compare(a.Id, row.Id) > 0, ct);
        var view = row.ToView(events) with { Silence = silence };
        var whyNot = await whyNots.OfAsync(device, isLast ? state : null, row, silence, ct);
        return view with
        {
            Findings = Diagnosis.Of(view.Report, whyNot, row.Destination()) with
            {
                LogTail = await logs.TailAsync(row, TailLines, ct),
                Device = new AttemptDevice(device.Uuid, device.Name, device.DeviceType, device.LastSeenAt, state),
                Release = release is null ? null : ReleaseEndpoints.ToView(release),
            },
        };
    }

    /// <summary>A gzipped tar with report.json, device.json, log.txt, and when they are there plan.json and manifest.json of the release.</summary>
    public async Task<byte[]> BundleAsync(AttemptRow row, CancellationToken ct)
    {
        var view = await OfAsync(row, ct);
        var plan = await db.AttemptPlans.AsNoTracking().SingleOrDefaultAsync(p => p.AttemptId == row.Id, ct);
        using var archive = new MemoryStream();
        await using (var packed = new GZipStream(archive, CompressionLevel.Optimal, leaveOpen: true))
        await using (var tar = new TarWriter(packed))
        {
            await AddAsync(tar, row, "report.json", JsonSerializer.SerializeToUtf8Bytes(view, Indented.AttemptView), ct);
            await AddAsync(tar, row, "device.json", JsonSerializer.SerializeToUtf8Bytes(view.Findings!.Device!, Indented.AttemptDevice), ct);
            await AddAsync(tar, row, "log.txt", await logs.ReadAsync(row.Id, 0, ct), ct);
            if (plan is not null)
                await AddAsync(tar, row, "plan.json", plan.Content, ct);
            if (view.Findings.Release is { } release && blobs.Find(release.Envelope) is { } envelope)
                await AddAsync(tar, row, "manifest.json", Envelope.Parse(await File.ReadAllBytesAsync(envelope, ct)).UnverifiedPayload.ToArray(), ct);
        }
        return archive.ToArray();
    }

    private static async Task AddAsync(TarWriter tar, AttemptRow row, string name, byte[] content, CancellationToken ct)
    {
        using var data = new MemoryStream(content);
        // 0644: whoever unpacks it may read it
        const UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, $"{NameOf(row.Id)}/{name}") { DataStream = data, ModificationTime = row.ChangedAt, Mode = mode }, ct);
    }

    /// <summary>Folder in the archive, and the name of its file before the ending.</summary>
    public static string NameOf(string attempt) => $"hostup-attempt-{attempt}";
}
