using Hostup.Cli.Releases;
using Hostup.Core.Wire;

namespace Hostup.Cli.Tests;

public sealed class ReleaseOutcomesCommandTests
{
    private static readonly ReleaseOutcomes Nothing = new() { ReleaseId = "r", Version = "2.0.0", Open = 3 };

    [Fact]
    public void Outcomes_are_a_table_and_what_the_last_device_of_each_said()
    {
        var at = new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

        string text = Text(Nothing with
        {
            DevicesReverted = 1,
            Ended =
            [
                new ReleaseOutcome { State = AttemptStates.Committed, Attempts = 40, Devices = 39, LastAt = at, LastAttempt = "a1" },
                new ReleaseOutcome { State = AttemptStates.RolledBack, Code = "rollback-health", Cause = "engine", Attempts = 2, Devices = 2, LastAt = at, LastAttempt = "a2", LastMessage = "health check `engine` failed 15 times: no answer" },
            ],
        });

        Assert.Equal(
            """
            release   2.0.0  (r)
            open      3 (attempts that have not ended)
            reverted  1 (devices that their operator took back)

            OUTCOME      CODE             FAILED CHECKS  ATTEMPTS  DEVICES  LAST              ATTEMPT
            committed    -                -              40        39       2026-03-04 05:06  a1
            rolled-back  rollback-health  engine         2         2        2026-03-04 05:06  a2

            a2: health check `engine` failed 15 times: no answer

            """,
            text);
    }

    [Fact]
    public void A_release_that_nobody_has_had_says_so() =>
        Assert.Equal("release   2.0.0  (r)\nopen      3 (attempts that have not ended)\nreverted  0 (devices that their operator took back)\n", Text(Nothing));

    private static string Text(ReleaseOutcomes outcomes)
    {
        var writer = new StringWriter();
        ReleaseOutcomesCommand.Write(writer, outcomes);
        return writer.ToString();
    }
}
