using Hostup.Core.Wire;

namespace Hostup.Server;

/// <summary>Lists come in parts: 100 entries unless asked for fewer or up to 1000.</summary>
internal static class Paging
{
    public static int Count(int? limit) => Math.Clamp(limit ?? 100, 1, 1000);

    /// <summary>A part, from one row more than it has when there is a next one.</summary>
    public static Page<TView> Page<TRow, TView>(List<TRow> rows, int count, Func<TRow, string> key, Func<TRow, TView> view) =>
        new([.. rows.Take(count).Select(view)], rows.Count > count ? key(rows[count - 1]) : null);
}
