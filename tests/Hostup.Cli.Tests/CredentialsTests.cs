namespace Hostup.Cli.Tests;

/// <summary>The stored key is for its owner's eyes only.</summary>
[Collection(CliScene.Name)]
public sealed class CredentialsTests : IAsyncLifetime
{
    private CliScene? _scene;

    public async ValueTask InitializeAsync() => _scene = await CliScene.StartAsync();

    public ValueTask DisposeAsync() => _scene!.DisposeAsync();

    [Fact]
    public void A_login_stores_the_key_so_that_nobody_else_can_read_it()
    {
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Stored));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(Stored)!));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead, "0640")]
    [InlineData(UnixFileMode.OtherRead, "0604")]
    [InlineData(UnixFileMode.OtherWrite, "0602")]
    public async Task A_key_that_others_can_read_is_not_used(UnixFileMode others, string mode)
    {
        File.SetUnixFileMode(Stored, UnixFileMode.UserRead | UnixFileMode.UserWrite | others);

        var run = await CommandRun.OfAsync("device", "list");

        Assert.Equal(3, run.ExitCode);
        Assert.StartsWith($"hostup: cannot use the stored key: others can read or write {Stored}, its mode is {mode}; run `chmod 600`", run.Error, StringComparison.Ordinal);
        File.SetUnixFileMode(Stored, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await CliScene.GoodAsync("device", "list");
    }

    [Fact]
    public async Task A_login_mends_the_mode()
    {
        File.SetUnixFileMode(Stored, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);

        await CliScene.GoodAsync("login", _scene!.Server.Address.ToString(), "--key", (await File.ReadAllTextAsync(_scene.Server.OperatorKeyFile)).Trim());

        await CliScene.GoodAsync("device", "list");
    }

    [Fact]
    public async Task A_stored_file_that_is_no_JSON_is_named()
    {
        await File.WriteAllTextAsync(Stored, "{");

        var run = await CommandRun.OfAsync("device", "list");

        Assert.StartsWith($"hostup: cannot read {Stored}: ", run.Error, StringComparison.Ordinal);
    }

    private string Stored => _scene!.At("config/hostup/credentials.json");
}
