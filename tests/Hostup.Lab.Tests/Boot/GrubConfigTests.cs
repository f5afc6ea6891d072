using Hostup.Lab.Boot;

namespace Hostup.Lab.Tests.Boot;

public sealed class GrubConfigTests
{
    [Fact]
    public void The_loader_writes_only_the_boot_count()
    {
        var saves = GrubConfig.Text("2.100.0+rev1").Split('\n').Where(l => l.Contains("save_env", StringComparison.Ordinal)).Select(l => l.Trim()).Distinct();

        Assert.Equal(["save_env --file ($bootdev)/EFI/BOOT/grubenv bootcount"], saves);
    }
}
