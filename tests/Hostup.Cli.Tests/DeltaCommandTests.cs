using System.Text.Json;
using Hostup.Core.RootTrees;
using Hostup.Oci.Layers;

namespace Hostup.Cli.Tests;

public sealed class DeltaCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hostup-delta-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_delta_between_two_images_gives_the_tree_of_the_second_as_a_tar_file()
    {
        await TestImage.WriteAsync(In("old"), "2.0.0");
        await TestImage.WriteAsync(In("new"), "2.1.0");

        var built = await CommandRun.OfAsync("delta", "build", "--from", In("old"), "--to", In("new"), "--out", In("d"), "--json");
        var info = await CommandRun.OfAsync("delta", "info", In("d"), "--json");
        var applied = await CommandRun.OfAsync("delta", "apply", "--from", In("old"), "--delta", In("d"), "--out", In("made.tar"));

        Assert.Equal((0, ""), (built.ExitCode, built.Error));
        Assert.Equal(built.Output, info.Output);
        using var report = JsonDocument.Parse(info.Output);
        Assert.Equal(new FileInfo(In("d")).Length, report.RootElement.GetProperty("deltaBytes").GetInt64());
        Assert.Equal((0, ""), (applied.ExitCode, applied.Error));
        await using var tar = File.OpenRead(In("made.tar"));
        await using var layer = new LayerReader(tar);
        Assert.Equal(report.RootElement.GetProperty("to").GetString(), (await RootTree.ReadAsync(layer, new HashSet<TreePath>(), default)).Digest.ToString());
    }

    [Fact]
    public async Task A_tar_file_can_be_either_side()
    {
        await TestImage.WriteAsync(In("old"), "2.0.0");
        await TestImage.WriteAsync(In("new"), "2.1.0");
        await CommandRun.OfAsync("delta", "build", "--from", In("old"), "--to", In("new"), "--out", In("d"));
        await CommandRun.OfAsync("delta", "apply", "--from", In("old"), "--delta", In("d"), "--out", In("made.tar"));

        var back = await CommandRun.OfAsync("delta", "build", "--from", In("made.tar"), "--to", In("old"), "--out", In("e"));
        var applied = await CommandRun.OfAsync("delta", "apply", "--from", In("made.tar"), "--delta", In("e"), "--out", In("again.tar"));

        Assert.Equal((0, ""), (back.ExitCode, back.Error));
        Assert.Equal((0, ""), (applied.ExitCode, applied.Error));
    }

    [Fact]
    public async Task A_delta_for_another_tree_is_refused_in_words()
    {
        await TestImage.WriteAsync(In("old"), "2.0.0");
        await TestImage.WriteAsync(In("new"), "2.1.0");
        await TestImage.WriteAsync(In("other"), "2.0.5");
        await CommandRun.OfAsync("delta", "build", "--from", In("old"), "--to", In("new"), "--out", In("d"));

        var applied = await CommandRun.OfAsync("delta", "apply", "--from", In("other"), "--delta", In("d"), "--out", In("made.tar"));

        Assert.Equal(1, applied.ExitCode);
        Assert.Contains("[delta-old]", applied.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_holds_something_is_not_written_to()
    {
        await TestImage.WriteAsync(In("old"), "2.0.0");
        await CommandRun.OfAsync("delta", "build", "--from", In("old"), "--to", In("old"), "--out", In("d"));
        Directory.CreateDirectory(In("full/something"));

        var applied = await CommandRun.OfAsync("delta", "apply", "--from", In("old"), "--delta", In("d"), "--out", In("full"));

        Assert.Equal(2, applied.ExitCode);
        Assert.Contains("it is not empty", applied.Error, StringComparison.Ordinal);
    }

    private string In(string name) => Path.Combine(_folder, name);
}
