using System.CommandLine;
using System.Text.Json.Nodes;
using Hostup.Core.Errors;
using Hostup.Core.Trust;

namespace Hostup.Cli.Keys;

/// <summary>hostup key: keys that sign releases and updaters. They stay on the machine of the OS builder.</summary>
internal static class KeyCommands
{
    public static Command Build(Terminal terminal) => new("key", "Make, show and rotate signing keys.") { New(terminal), Show(terminal), KeyRotateCommand.Build(terminal) };

    /// <summary>One of the roles.</summary>
    public static Option<string> RoleOption(string description) =>
        new Option<string>("--role") { Description = description, Required = true }.AcceptOnlyFromAmong([.. Enum.GetValues<TrustRole>().Select(TrustList.Name)]);

    /// <summary>The signing key in a file.</summary>
    public static async Task<SigningKey> ReadAsync(FileInfo file, CancellationToken ct) =>
        SigningKey.FromPem(await File.ReadAllTextAsync(file.FullName, ct));

    /// <summary>The public half of a key file, private or public.</summary>
    public static async Task<VerifyingKey> ReadPublicAsync(FileInfo file, CancellationToken ct)
    {
        string text = await File.ReadAllTextAsync(file.FullName, ct);
        if (!text.Contains("PRIVATE KEY", StringComparison.Ordinal))
            return VerifyingKey.Parse(text);
        using var key = SigningKey.FromPem(text);
        return key.Public;
    }

    private static ExampleCommand New(Terminal terminal)
    {
        var role = RoleOption("What the key will sign: release, updater or root");
        var target = new Option<FileInfo>("--out") { Description = "File for the private key; made readable by you only, never overwritten", Required = true };
        var command = new ExampleCommand("new", "Make a signing key (ECDSA P-256, PEM).", "hostup key new --role release --out release.key") { role, target };
        command.SetAction(async (parsed, ct) =>
        {
            string path = parsed.GetValue(target)!.FullName;
            if (File.Exists(path))
                throw new HostupException(HostupErrors.Conflict, $"cannot make key {path}", "the file exists", "give another file; a lost signing key cannot be made again");
            using var key = SigningKey.Create();
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await using (var writer = new StreamWriter(path, options))
                await writer.WriteAsync(key.ToPem());
            await terminal.Output.WriteLineAsync($"{parsed.GetValue(role)} key {key.KeyId}");
            await terminal.Output.WriteLineAsync($"private half in {path}: keep it safe and off the server");
        });
        return command;
    }

    private static ExampleCommand Show(Terminal terminal)
    {
        var file = new Argument<FileInfo>("FILE") { Description = "A private or public key in PEM" }.AcceptExistingOnly();
        var json = new Option<bool>("--json") { Description = "Print data" };
        var command = new ExampleCommand("show", "Print id and public half of a key.", "hostup key show release.key > release.pub") { file, json };
        command.SetAction(async (parsed, ct) =>
        {
            var key = await ReadPublicAsync(parsed.GetValue(file)!, ct);
            if (parsed.GetValue(json))
                await terminal.Output.WriteLineAsync(new JsonObject { ["keyId"] = key.KeyId, ["spki"] = key.ToBase64() }.ToJsonString());
            else
                await terminal.Output.WriteAsync($"# key id {key.KeyId}\n{key.ToPem()}");
        });
        return command;
    }
}
