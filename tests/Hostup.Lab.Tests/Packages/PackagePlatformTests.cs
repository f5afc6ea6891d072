using Hostup.Core.Devices;
using Hostup.Core.Errors;
using Hostup.Lab.Packages;

namespace Hostup.Lab.Tests.Packages;

public sealed class PackagePlatformTests
{
    /// <summary>.NET runs on no processor of these two kinds.</summary>
    private static readonly string[] Without = ["armv6", "x86"];

    [Fact]
    public void Every_device_type_has_a_package_but_those_without_a_runtime() =>
        Assert.Equal(DeviceTypes.All.Select(t => t.Architecture).Distinct().Except(Without).Order(StringComparer.Ordinal), PackagePlatform.All.Select(p => p.Architecture).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("linux-x64", "amd64")]
    [InlineData("linux-arm64", "arm64")]
    [InlineData("linux-arm", "armhf")]
    public void A_platform_has_the_name_that_Debian_gives_it(string name, string debian) => Assert.Equal(debian, PackagePlatform.Of(name).Debian);

    [Fact]
    public void Another_platform_is_refused_with_those_that_there_are()
    {
        var error = Assert.Throws<HostupException>(() => PackagePlatform.Of("linux-riscv64"));

        Assert.Equal(HostupErrors.BadValue, error.Code);
        Assert.Contains("linux-arm64", error.WhatToDo, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_of_another_machine_is_not_packaged()
    {
        string program = Path.GetTempFileName();
        try
        {
            byte[] head = new byte[64];
            "\u007fELF"u8.CopyTo(head);
            head[18] = 183; // aarch64
            File.WriteAllBytes(program, head);

            PackagePlatform.Of("linux-arm64").Require(program);
            var other = Assert.Throws<HostupException>(() => PackagePlatform.Amd64.Require(program));
            File.WriteAllText(program, "#!/bin/sh");
            var none = Assert.Throws<HostupException>(() => PackagePlatform.Amd64.Require(program));

            Assert.Equal(("it is a program of machine 183, not 62", "it is no program"), (other.Why, none.Why));
        }
        finally
        {
            File.Delete(program);
        }
    }
}
