using System.Text;
using Hostup.Core.Errors;
using Hostup.Lab.Boot;

namespace Hostup.Lab.Tests.Boot;

public sealed class GrubEnvironmentTests
{
    [Fact]
    public void A_block_has_1024_bytes_and_its_variables_in_the_first_sector()
    {
        byte[] block = GrubEnvironment.Provisioned.ToBytes();

        Assert.Equal(1024, block.Length);
        Assert.Equal("# GRUB Environment Block\nresin_root_part=2\nupgrade_available=0\nbootcount=0\n####", Encoding.ASCII.GetString(block, 0, 79));
        Assert.All(block[512..], b => Assert.Equal((byte)'#', b));
    }

    [Fact]
    public void A_block_reads_back()
    {
        var environment = GrubEnvironment.Provisioned.With("resin_root_part", "3").With("bootcount", "2");

        Assert.Equal(environment.Variables, GrubEnvironment.Parse(environment.ToBytes()).Variables);
    }

    [Fact]
    public void A_block_of_another_size_is_refused() =>
        Assert.Throws<HostupException>(() => GrubEnvironment.Parse(GrubEnvironment.Provisioned.ToBytes().AsSpan(0, 1023)));
}
