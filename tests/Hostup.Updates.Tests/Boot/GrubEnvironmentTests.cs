using System.Text;
using Hostup.Core.Errors;
using Hostup.Lab.Sim;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;

namespace Hostup.Updates.Tests.Boot;

public sealed class GrubEnvironmentTests
{
    private readonly SimDevice _device = new(SimRelease.Make("1.0.0", SimBehaviour.Good), SimRelease.Make("2.0.0", SimBehaviour.Good));

    private GrubEnvironment Environment => new(_device.Files, SimDevice.GrubEnv);

    [Fact]
    public void All_variables_lie_in_the_first_sector_and_the_file_keeps_its_length()
    {
        Environment.Write(new BootSettings(3, true, 1));

        byte[] block = _device.Files.Read(SimDevice.GrubEnv);
        Assert.Equal(1024, block.Length);
        Assert.Equal(new BootSettings(3, true, 1), Environment.Read());
        Assert.All(block[512..], b => Assert.Equal((byte)'#', b));
    }

    [Fact]
    public void Variables_of_others_are_kept()
    {
        byte[] block = _device.Files.Read(SimDevice.GrubEnv);
        byte[] text = Encoding.ASCII.GetBytes("# GRUB Environment Block\nsaved_entry=x\nresin_root_part=2\nupgrade_available=0\nbootcount=0\n");
        Array.Fill(block, (byte)'#');
        text.CopyTo(block, 0);
        using (_device.Files.OpenForWriting(Places.Boot))
            _device.Files.Create(SimDevice.GrubEnv, block);

        Environment.Write(new BootSettings(3, true, 0));

        Assert.Contains("saved_entry=x\n", Encoding.ASCII.GetString(_device.Files.Read(SimDevice.GrubEnv)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("# GRUB Environment Block\n")]
    [InlineData("# GRUB Environment Block\nresin_root_part=x\nupgrade_available=0\nbootcount=0\n")]
    [InlineData("not an environment")]
    public void What_is_no_environment_is_refused_with_its_code(string text)
    {
        byte[] block = new byte[1024];
        Encoding.ASCII.GetBytes(text).CopyTo(block, 0);
        using (_device.Files.OpenForWriting(Places.Boot))
            _device.Files.Create(SimDevice.GrubEnv, block);

        var error = Assert.Throws<HostupException>(() => Environment.Read());

        Assert.Equal(HostupErrors.BootEnvironment, error.Code);
    }
}
