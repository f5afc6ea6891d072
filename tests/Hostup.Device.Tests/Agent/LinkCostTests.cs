using System.Globalization;
using Hostup.Device.Agent;
using Hostup.Linux.Network;

namespace Hostup.Device.Tests.Agent;

/// <summary>What the agent's polls cost on an expensive link: the agent's own connection to a real server behind a network interface, over TLS.</summary>
[Trait("Needs", "root")]
public sealed class LinkCostTests
{
    private const int Polls = 60;

    private const int MonthSeconds = 30 * 86_400;

    [Fact]
    public async Task Polls_cost_less_than_6_MB_a_month_each_15_minutes_and_1_MB_each_2_hours_on_one_connection_and_on_new_ones()
    {
        if (Environment.UserName != "root")
            Assert.Skip("needs root");
        if (!FarServer.IsInside)
        {
            foreach (string line in (await FarServer.RunInsideAsync(typeof(LinkCostTests).FullName!)).Where(l => l.Contains("a poll", StringComparison.Ordinal)))
                TestContext.Current.SendDiagnosticMessage(line[(line.IndexOf(']', StringComparison.Ordinal) + 1)..].Trim());
            return;
        }
        await using var site = await FarServer.StartAsync();

        double closed = await CostAsync(site, pollSeconds: 7200);
        double kept = await CostAsync(site, pollSeconds: 900);

        double greeted = await CostAsync(site, pollSeconds: 7200, resumes: false);

        Tell("a connection each, closed in between", closed);
        Tell("a connection each, and no session to resume", greeted);
        Tell("on one connection", kept);
        Assert.True(Month(closed, 900) <= 6 && Month(closed, 7200) <= 1, $"{closed:0} bytes a poll");
        Assert.True(kept < closed / 3, $"{kept:0} kept, {closed:0} closed");
        // The agent polls within the life of a session for this difference.
        Assert.InRange(greeted, closed * 1.2, 3500);
    }

    private static void Tell(string how, double bytes) => TestContext.Current.SendDiagnosticMessage(
        string.Create(CultureInfo.InvariantCulture, $"{bytes:0} bytes a poll, {how}: {Month(bytes, 900):0.00} MB a month at 15 min, {Month(bytes, 7200):0.00} MB at 2 h"));

    private static double Month(double bytes, int seconds) => bytes * MonthSeconds / Pause(seconds) / 1e6;

    /// <summary>On average.</summary>
    private static double Pause(int seconds) => Enumerable.Range(0, 10_000).Average(_ => AgentWake.WithJitter(seconds).TotalSeconds);

    /// <summary>Bytes at the interface, both ways, of one poll that brings nothing new. Who polls each two hours makes a new connection each time.</summary>
    private static async Task<double> CostAsync(FarServer site, int pollSeconds, bool resumes = true)
    {
        using var connections = site.Connections(resumes);
        var (uuid, key) = await site.RegisterAsync(connections, pollSeconds);
        using var link = new ServerLink(connections, site.Address, key);
        link.Introduce(Guid.NewGuid().ToString(), "serial 100000004bd0aa3e, b8:27:eb:00:00:01");
        // the first says who it is, the second goes as all others will
        for (int i = 0; i < 2; i++)
            Assert.Equal(pollSeconds, (await link.PollAsync(default)).IntervalSeconds);
        await Task.Delay(500);
        long before = site.InterfaceBytes;
        for (int i = 0; i < Polls; i++)
        {
            await link.PollAsync(default);
            // later than any acknowledgement that is still to come
            await Task.Delay(250);
        }
        return (site.InterfaceBytes - before) / (double)Polls;
    }
}
