namespace Hostup.Server;

/// <summary>Ids of rows: 32 hexadecimal digits that sort by time of making.</summary>
internal static class Ids
{
    public static string New() => Guid.CreateVersion7().ToString("N");
}
