using System.Globalization;
using Hostup.Linux.Power;

namespace Hostup.Linux.Tests.Power;

public sealed class LinuxClockTests
{
    [Fact]
    public void The_time_since_the_boot_is_the_kernels()
    {
        double before = Uptime();
        double said = new LinuxClock().SinceBoot.TotalSeconds;

        Assert.InRange(said, before - 2, Uptime() + 2);
    }

    private static double Uptime() => double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture);
}
