using System.Text;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Checks;
using Hostup.Updates.Trust;

namespace Hostup.Updates.Tests.Checks;

/// <summary>The newest time that a device has proof of.</summary>
public sealed class ClockReadingTests
{
    [Theory]
    [InlineData("20260301120000", null, "2026-03-01", "the running OS was built")]
    [InlineData("20260301120000", "2026-02-01", "2026-03-01", "the running OS was built")]
    [InlineData("20260301120000", "2026-04-01", "2026-04-01", "a release committed here was signed")]
    [InlineData("no time", null, "1970-01-01", "no time is proved")]
    public void The_floor_is_the_later_of_build_time_and_signed_time(string built, string? signedOn, string floor, string from)
    {
        var device = Refusals.Device();
        device.Files.Elsewhere["/etc/timestamp"] = Encoding.ASCII.GetBytes(built + "\n");
        if (signedOn is not null)
            ClockFloor.Raise(device.Files, DateTimeOffset.Parse(signedOn + "T00:00:00Z", null));

        var reading = ClockReading.Read(device.Device);

        Assert.Equal((floor, from), ($"{reading.Floor:yyyy-MM-dd}", reading.FloorFrom));
    }

    [Fact]
    public async Task A_commit_raises_the_floor_to_the_time_of_signing_and_a_refusal_does_not()
    {
        var signed = DateTimeOffset.UnixEpoch.AddYears(50);
        var committed = Refusals.Device();
        committed.Target = committed.Target with { Release = committed.Target.Release with { SignedAt = signed } };
        var refused = Refusals.Device();
        refused.Target = refused.Target with { Release = refused.Target.Release with { SignedAt = signed, Version = "2.0.0" } };

        await committed.RunAsync();
        await refused.RunAsync();

        Assert.Equal((AttemptStates.Committed, signed), (committed.Outcome, ClockFloor.Read(committed.Files)));
        Assert.Equal((AttemptStates.Refused, DateTimeOffset.UnixEpoch), (refused.Outcome, ClockFloor.Read(refused.Files)));
    }
}
