using Hostup.Lab.Boot;

namespace Hostup.Lab.Tests.Boot;

public sealed class UBootScriptTests
{
    private static readonly string[] Lines = [.. UBootScript.Text("2.100.0+rev1").Split('\n').Select(l => l.Trim())];

    [Fact]
    public void The_loader_writes_only_its_counter_and_only_during_a_trial()
    {
        int write = Array.FindIndex(Lines, l => l.Contains("write", StringComparison.Ordinal));

        Assert.Equal(write, Array.FindLastIndex(Lines, l => l.Contains("write", StringComparison.Ordinal)));
        Assert.Equal("fatwrite ${devtype} ${devnum}:${distro_bootpart} 0x2000000 /bootcount.env 0xd", Lines[write]);
        Assert.InRange(Array.IndexOf(Lines, "if test \"${upgrade_available}\" = \"1\"; then"), 0, write);
    }

    [Fact]
    public void Each_boot_counts_one_more_and_the_counter_keeps_one_digit()
    {
        var ladder = Lines.Where(l => l.StartsWith("if test \"${bootcount}\"", StringComparison.Ordinal)).ToList();

        Assert.Equal(Enumerable.Range(0, 8).Select(n => $"if test \"${{bootcount}}\" = \"{n}\"; then setenv counted {n + 1}; fi"), ladder);
        Assert.Contains("setenv counted 9", Lines);
    }

    [Fact]
    public void What_the_files_do_not_say_is_set_after_they_were_read()
    {
        int lastRead = Array.FindLastIndex(Lines, l => l.StartsWith("env import", StringComparison.Ordinal));

        foreach (string name in (string[])["resin_root_part", "upgrade_available", "os_bc_lim", "bootcount"])
            Assert.True(Array.FindIndex(Lines, l => l.StartsWith($"test -n \"${{{name}}}\" || setenv {name} ", StringComparison.Ordinal)) > lastRead, name);
    }

    /// <summary>U-Boot's shell reads a script as a whole, and its commands are ASCII.</summary>
    [Fact]
    public void Every_block_is_closed()
    {
        string[] words = [.. Lines.SelectMany(l => l.Split([' ', ';'], StringSplitOptions.RemoveEmptyEntries))];

        Assert.Equal(words.Count(w => w == "if"), words.Count(w => w == "fi"));
        Assert.Equal(words.Count(w => w == "if"), words.Count(w => w == "then"));
        Assert.All(Lines, l => Assert.True(l.All(char.IsAscii), l));
    }
}
