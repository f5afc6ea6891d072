using System.Text.Json;

namespace Hostup.Cli.Tests;

public sealed class ReleaseDiffCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hostup-cli-diff-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Two_images_are_compared_without_a_server()
    {
        await TestImage.WriteAsync(At("a"), "2.0.0+rev1");
        await TestImage.WriteAsync(At("b"), "2.0.0+rev11");

        var people = await CommandRun.OfAsync("release", "diff", At("a"), At("b"));
        var data = await CommandRun.OfAsync("release", "diff", At("a"), At("b"), "--json");

        Assert.Equal((0, ""), (people.ExitCode, people.Error));
        Assert.Equal(["2.0.0+rev1 -> 2.0.0+rev11", "folders: 1 with another size", "  /usr/lib  36 B -> 37 B (+1 B)"], people.Output.TrimEnd().Split(Environment.NewLine));
        using var diff = JsonDocument.Parse(data.Output);
        Assert.Equal("2.0.0+rev11", diff.RootElement.GetProperty("to").GetString());
        Assert.Empty(diff.RootElement.GetProperty("bootFiles").EnumerateArray());
    }

    [Fact]
    public async Task What_is_no_image_is_named()
    {
        var run = await CommandRun.OfAsync("release", "diff", At("a"), At("b"));

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(At("a"), run.Error, StringComparison.Ordinal);
    }

    private string At(string name) => Path.Combine(_folder, name);
}
