using System.Text;
using Hostup.Device.Agent;

namespace Hostup.Device.Tests.Agent;

/// <summary>What of a log is sent next, whatever the device lost and the server took.</summary>
public sealed class LogPartTests
{
    [Fact]
    public void Whatever_is_lost_on_either_side_each_line_is_at_the_server_whole_and_at_most_once_and_the_end_is_there()
    {
        for (int seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            var device = new List<(string Id, List<string> Lines)>();
            var logged = new HashSet<string>();
            string server = "";
            var sent = new SentLog("a1", []);
            for (int turn = 0; turn < 60; turn++)
            {
                int what = random.Next(10);
                if (what == 0 || device is [])
                    device.Add(($"piece {turn}", []));
                else if (what <= 2)
                    Lose(device, random, turn);
                else if (what < 7)
                    device[^1].Lines.Add(Log(logged, turn));
                else
                    (sent, server) = Send(sent, server, device, random.Next(3) == 0 ? random.NextDouble() : 1);
                if (random.Next(30) == 0)
                    (server, sent) = PutBack(server, sent, random); // to a backup
            }
            device.Add(("the last piece", [Log(logged, turn: 60)]));

            (_, server) = Send(sent, server, device, share: 1);

            string[] lines = server.Split('\n')[..^1];
            Assert.True(lines.All(l => logged.Contains(l) || l.StartsWith("---", StringComparison.Ordinal)), $"seed {seed} cuts a line");
            Assert.True(lines.Where(logged.Contains).Distinct().Count() == lines.Count(logged.Contains), $"seed {seed} sends a line twice");
            Assert.True(lines[^1].StartsWith("line 60 ", StringComparison.Ordinal), $"seed {seed} does not send the end");
            Assert.True(device.SelectMany(p => p.Lines).All(lines.Contains), $"seed {seed} leaves a line out");
        }
    }

    [Fact]
    public void A_piece_that_only_grew_is_continued_without_a_word()
    {
        var first = LogPart.Next(new SentLog("a1", []), [Piece("one", "checking")], ended: false);
        var second = LogPart.Next(first.Then, [Piece("one", "checking", "downloading"), Piece("two", "taken up")], ended: false);

        Assert.Equal("checking\n", Encoding.UTF8.GetString(first.Text));
        Assert.Equal("downloading\ntaken up\n", Encoding.UTF8.GetString(second.Text));
        Assert.Equal([new SentRun("one", 0, 0, 21), new SentRun("two", 0, 0, 9)], second.Then.Runs);
        Assert.Empty(LogPart.Next(second.Then, [Piece("one", "checking", "downloading"), Piece("two", "taken up")], ended: true).Text);
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(5, "a:5")]
    [InlineData(10, "a:10")]
    [InlineData(13, "a:10 b:0")] // in the middle of what is said before the piece
    [InlineData(20, "a:10 b:5")]
    [InlineData(99, "a:10 b:20")]
    public void What_a_server_has_is_the_beginning_of_what_was_sent(long has, string expected)
    {
        var sent = new SentLog("a1", [new SentRun("a", 0, 0, 10), new SentRun("b", 0, 5, 20)]);

        Assert.Equal(expected, string.Join(' ', sent.CutTo(has).Runs.Select(r => $"{r.Piece}:{r.Bytes}")));
        Assert.Equal(Math.Min(has, 35), sent.CutTo(has).Length);
    }

    private static string Log(HashSet<string> logged, int turn)
    {
        string line = $"line {turn} {new string('x', turn % 7)}";
        Assert.True(logged.Add(line));
        return line;
    }

    /// <summary>A power cut, or memory that is empty or made room; then another start, which goes on with no older piece.</summary>
    private static void Lose(List<(string Id, List<string> Lines)> device, Random random, int turn)
    {
        var lines = device[random.Next(device.Count)].Lines;
        int left = random.Next(2) == 0 ? 0 : random.Next(lines.Count + 1);
        lines.RemoveRange(left, lines.Count - left);
        device.Add(($"piece {turn}", []));
    }

    /// <summary>An agent sends; the server takes the first lines of it.</summary>
    private static (SentLog Sent, string Server) Send(SentLog sent, string server, List<(string Id, List<string> Lines)> device, double share)
    {
        var pieces = device.Where(p => p.Lines.Count > 0).Select(p => Piece(p.Id, [.. p.Lines])).ToList();
        var next = LogPart.Next(sent, pieces, ended: false);
        string[] lines = Encoding.UTF8.GetString(next.Text).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string now = server + string.Concat(lines.Take((int)(lines.Length * share)).Select(l => l + "\n"));
        return (next.Then.CutTo(now.Length), now);
    }

    private static (string Server, SentLog Sent) PutBack(string server, SentLog sent, Random random)
    {
        string earlier = server[..(server.LastIndexOf('\n', Math.Max(0, random.Next(server.Length + 1) - 1)) + 1)];
        return (earlier, sent.CutTo(earlier.Length));
    }

    private static LogPiece Piece(string id, params string[] lines) => new(id, Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => l + "\n"))));
}
