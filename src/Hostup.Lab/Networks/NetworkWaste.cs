namespace Hostup.Lab.Networks;

/// <summary>What crossed a network and brought nothing, as the network sees it: answers of no use, and parts of blobs that it had sent before.</summary>
/// <param name="Sent">Bytes sent to devices.</param>
/// <param name="Received">Bytes of requests, and of what was no request.</param>
public sealed record NetworkWaste(long Sent, long Received)
{
    /// <summary>That of all networks of a device together; null: they had exchanges of which only the device knows.</summary>
    public static NetworkWaste? Of(params IReadOnlyList<BadNetwork> networks)
    {
        var all = networks.SelectMany(n => n.Exchanges).ToList();
        if (all.Any(e => e.IsInVain is null))
            return null;
        var inVain = all.Where(e => e.IsInVain == true).ToList();
        long again = all.Where(e => e.IsInVain == false).GroupBy(e => e.Path).Sum(Again);
        return new(inVain.Sum(e => e.Sent) + again, inVain.Sum(e => e.Received) + networks.Sum(n => n.Received) - all.Sum(e => e.Received));
    }

    /// <summary>Bytes of a blob beyond those that were sent at all.</summary>
    private static long Again(IEnumerable<NetworkExchange> exchanges)
    {
        long reached = 0, again = 0;
        foreach (var exchange in exchanges.OrderBy(e => e.BodyFrom))
        {
            again += Math.Clamp(reached - exchange.BodyFrom, 0, exchange.BodySent);
            reached = Math.Max(reached, exchange.BodyFrom + exchange.BodySent);
        }
        return again;
    }
}
