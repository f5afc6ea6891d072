using System.Text.Json;
using Hostup.Core.Wire;

namespace Hostup.Server.Updates;

/// <summary>Attempts as an operator sees them.</summary>
internal static class AttemptViews
{
    public static AttemptView ToView(this AttemptRow row, IReadOnlyList<AttemptEventRow> events)
    {
        var report = row.ReadReport();
        return new AttemptView
        {
            Id = row.Id,
            DeviceUuid = row.DeviceUuid,
            ReleaseId = row.ReleaseId ?? "",
            Revert = row.ReleaseId is null,
            NotBefore = row.DeliveredAt is null && row.EndedAt is null ? row.NotBefore : null,
            Version = row.Version,
            FromVersion = row.FromVersion,
            Serial = row.Serial,
            CreatedAt = row.CreatedAt,
            ChangedAt = row.ChangedAt,
            EndedAt = row.EndedAt,
            CancelAsked = row.CancelAsked,
            OverrideLocks = row.OverrideLocks,
            Policy = Policies.Policies.Read(row.Policy),
            Report = report with { State = row.State },
            Upstream = UpstreamProgress.Of(row.State),
            History = [.. events.Select(e => new AttemptEvent(e.At, e.State, e.Message))],
            LogBytes = row.LogBytes,
        };
    }

    public static AttemptReport ReadReport(this AttemptRow row) => JsonSerializer.Deserialize(row.Report, WireJson.Default.AttemptReport)
        ?? throw new InvalidOperationException($"bug: attempt {row.Id} has no report");
}
