using System.Text.Json.Nodes;
using Hostup.Core.Errors;
using Hostup.Lab.Sim;
using Hostup.Updates.Checks;
using Hostup.Updates.Config;
using Hostup.Updates.Files;

namespace Hostup.Updates.Tests.Trust;

/// <summary>config.json on FAT: whatever a power cut leaves, the old or the new content is read.</summary>
public sealed class ConfigFileTests
{
    private static readonly SimRelease Release = SimRelease.Make("2.100.0", SimBehaviour.Good);

    [Fact]
    public void Unknown_keys_are_kept_and_the_copy_is_the_same()
    {
        var device = Device([], Unflushed.Lost);

        Save(device);

        Assert.Equal("kept", new ConfigFile(device.Files).Load()["somethingElse"]!.GetValue<string>());
        Assert.Equal(device.Boot.Read(ConfigFile.FilePath), device.Boot.Read(ConfigFile.CopyPath));
    }

    [Theory]
    [InlineData(Unflushed.Lost, false)]
    [InlineData(Unflushed.Kept, false)]
    [InlineData(Unflushed.Torn, false)]
    [InlineData(Unflushed.FirstName, false)]
    [InlineData(Unflushed.SecondName, false)]
    [InlineData(Unflushed.FirstName, true)]
    [InlineData(Unflushed.SecondName, true)]
    [InlineData(Unflushed.Lost, true)]
    [InlineData(Unflushed.Kept, true)]
    [InlineData(Unflushed.Torn, true)]
    public async Task A_power_cut_while_a_key_is_kept_leaves_the_old_or_the_new_one(Unflushed unflushed, bool mainIsTorn)
    {
        var whole = Device([], unflushed, mainIsTorn);
        int before = whole.Power.Effects;
        Save(whole);
        int effects = whole.Power.Effects - before;
        Assert.True(effects >= 8, $"{effects} effects");

        for (int cut = before + 1; cut <= before + effects; cut++)
        {
            var device = Device([cut], unflushed, mainIsTorn);
            Assert.ThrowsAny<Exception>(() => Save(device));
            await device.CutAtRestAsync();

            string key = new ConfigFile(device.Files).Load()["deviceApiKey"]!.GetValue<string>();
            Assert.True(key is "old" or "new", $"cut before {string.Join(", ", device.Power.CutBefore)}: {key}");
            Save(device);
            Assert.Equal("new", new ConfigFile(device.Files).Load()["deviceApiKey"]!.GetValue<string>());
        }
    }

    [Theory]
    [InlineData("{\"uuid\":\"1\",\"uuid\":\"2\"}")]
    [InlineData("{\"uuid\":\"\u00c1\"}")]
    [InlineData("{\"\u00c1uid\":\"1\"}")]
    [InlineData("{\"uuid\":\"\\ud800\"}")]
    public void What_is_no_text_or_says_two_things_is_refused_in_words_and_the_good_copy_is_read(string latin)
    {
        byte[] bad = System.Text.Encoding.Latin1.GetBytes(latin);
        var device = Device([], Unflushed.Lost);
        Save(device);
        device.Boot.Provision(ConfigFile.FilePath, bad);

        Assert.Equal("new", new ConfigFile(device.Files).Load()["deviceApiKey"]!.GetValue<string>());
        device.Boot.Provision(ConfigFile.CopyPath, bad);
        Assert.Equal(HostupErrors.BadConfig, Assert.Throws<HostupException>(() => new ConfigFile(device.Files).Load()).Code);
    }

    [Fact]
    public void Without_a_file_there_are_no_settings_and_two_bad_files_are_named()
    {
        var device = new SimDevice(Release, Release);
        Assert.Empty(new ConfigFile(device.Files).Load());

        device.Boot.Provision(ConfigFile.FilePath, "{\"uuid\": "u8.ToArray());

        Assert.Equal(HostupErrors.BadConfig, Assert.Throws<HostupException>(() => new ConfigFile(device.Files).Load()).Code);
    }

    /// <summary>The first program of a boot asks for it before it counts a trial boot, and the boot must be counted.</summary>
    [Theory]
    [InlineData("{\"deviceType\":5}", "sim-device")]
    [InlineData("{\"deviceType\":{}}", "sim-device")]
    [InlineData("{\"deviceType\":\"\\ud800\"}", "from the copy")]
    [InlineData("{\"deviceType\":\"to", "from the copy")]
    [InlineData("[]", "from the copy")]
    [InlineData("5", "from the copy")]
    [InlineData("", "from the copy")]
    [InlineData("{\"deviceType\":\"said\"}", "said")]
    public void Whatever_the_file_holds_the_device_has_a_type(string content, string type)
    {
        var device = new SimDevice(Release, Release);
        device.Boot.Provision(ConfigFile.FilePath, System.Text.Encoding.UTF8.GetBytes(content));
        device.Boot.Provision(ConfigFile.CopyPath, """{"deviceType":"from the copy"}"""u8.ToArray());

        Assert.Equal(type, DeviceFacts.DeviceTypeOf(device.Files));

        device.Boot.Provision(ConfigFile.CopyPath, "[]"u8.ToArray());
        Assert.Equal(type is "said" ? type : "sim-device", DeviceFacts.DeviceTypeOf(device.Files));
    }

    private static void Save(SimDevice device)
    {
        var config = new ConfigFile(device.Files);
        var content = config.Load();
        content["deviceApiKey"] = "new";
        config.Save(content);
    }

    private static SimDevice Device(IReadOnlyList<int> cuts, Unflushed unflushed, bool mainIsTorn = false)
    {
        var device = new SimDevice(Release, Release, unflushed, cuts);
        byte[] config = System.Text.Encoding.UTF8.GetBytes(new JsonObject { ["deviceApiKey"] = "old", ["somethingElse"] = "kept" }.ToJsonString());
        device.Boot.Provision(ConfigFile.FilePath, mainIsTorn ? config[..20] : config);
        if (mainIsTorn)
            device.Boot.Provision(ConfigFile.CopyPath, config);
        return device;
    }
}
