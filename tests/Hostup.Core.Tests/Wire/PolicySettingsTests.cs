using Hostup.Core.Errors;
using Hostup.Core.Wire;

namespace Hostup.Core.Tests.Wire;

public sealed class PolicySettingsTests
{
    [Fact]
    public void The_narrower_goes_before_the_wider_word_by_word()
    {
        var all = new PolicySettings { RebootWindow = "01:00-02:00", ByteBudget = 5, DownloadOnly = true, PatienceSeconds = 7 };
        var device = new PolicySettings { RebootWindow = "", BytesPerSecond = 9, PollSeconds = 30 };
        var attempt = new PolicySettings { DownloadOnly = false, WaitsWhileMetered = true };

        var policy = attempt.Over(device).Over(all).Over(new UpdatePolicy());

        Assert.Equal(new UpdatePolicy { RebootWindow = "", ByteBudget = 5, BytesPerSecond = 9, PatienceSeconds = 7, WaitsWhileMetered = true, DownloadOnly = false }, policy);
        Assert.Equal(30, attempt.Over(device).Over(all).PollSeconds);
    }

    [Fact]
    public void What_nobody_says_is_no_limit() => Assert.Equal(new UpdatePolicy(), new PolicySettings().Over(new UpdatePolicy()));

    public static TheoryData<PolicySettings> Wrong() =>
    [
        new PolicySettings { PatienceSeconds = 0 },
        new PolicySettings { PatienceSeconds = 2_592_001 },
        new PolicySettings { PollSeconds = 0 },
        new PolicySettings { PollSeconds = 86_401 },
        new PolicySettings { BytesPerSecond = -1 },
        new PolicySettings { ByteBudget = -1 },
        new PolicySettings { DownloadWindow = "at night" },
        new PolicySettings { RebootWindow = "22:00-04:00 Mars/Olympus" },
    ];

    [Theory, MemberData(nameof(Wrong))]
    public void What_no_policy_can_be_is_refused(PolicySettings settings) =>
        Assert.Equal(HostupErrors.BadValue, Assert.Throws<HostupException>(settings.Require).Code);

    [Fact]
    public void The_ends_of_every_range_are_good() => new PolicySettings
    {
        PatienceSeconds = 2_592_000, PollSeconds = 86_400, BytesPerSecond = 0, ByteBudget = 0, DownloadWindow = "", RebootWindow = "22:00-04:00 Europe/Berlin",
    }.Require();
}
