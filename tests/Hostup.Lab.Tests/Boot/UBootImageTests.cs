using System.Text;
using Hostup.Lab.Boot;

namespace Hostup.Lab.Tests.Boot;

public sealed class UBootImageTests
{
    /// <summary>As mkimage of u-boot-tools 2023.01 writes it.</summary>
    private const string Header =
        "27051956" + "53f71536" + "00000000" + "00000013" + "00000000" + "00000000" + "3db55e6f" + "05030600"
        + "72656c6561736520310000000000000000000000000000000000000000000000";

    [Fact]
    public void A_script_is_a_header_with_checksums_its_length_and_its_text()
    {
        byte[] image = UBootImage.OfScript("release 1", "echo hello\n");

        Assert.Equal(Header, Convert.ToHexStringLower(image.AsSpan(0, UBootImage.HeaderBytes)));
        Assert.Equal("0000000b" + "00000000", Convert.ToHexStringLower(image.AsSpan(UBootImage.HeaderBytes, 8)));
        Assert.Equal("echo hello\n", Encoding.ASCII.GetString(image.AsSpan(UBootImage.HeaderBytes + 8)));
    }

    [Fact]
    public void A_name_that_does_not_fit_is_no_image() => Assert.Throws<ArgumentException>(() => UBootImage.OfScript(new string('a', 33), ""));
}
