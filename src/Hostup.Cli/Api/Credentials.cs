using System.Text.Json;
using System.Text.Json.Nodes;
using Hostup.Core.Errors;

namespace Hostup.Cli.Api;

/// <summary>Which server and which key: HOSTUP_SERVER and HOSTUP_KEY, else what `hostup login` stored.</summary>
/// <param name="Server">Address of the server.</param>
/// <param name="Key">Key of an operator.</param>
internal sealed record Credentials(Uri Server, string Key)
{
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>The stored file: readable by its owner only.</summary>
    public static string File => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } config ? config : Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? ".", ".config"),
        "hostup", "credentials.json");

    /// <exception cref="HostupException"><c>bad-config</c> when there are none, or others can read the stored ones.</exception>
    public static Credentials Load()
    {
        string? server = Environment.GetEnvironmentVariable("HOSTUP_SERVER") is { Length: > 0 } s ? s : null;
        string? key = Environment.GetEnvironmentVariable("HOSTUP_KEY") is { Length: > 0 } k ? k : null;
        if ((server is null || key is null) && System.IO.File.Exists(File))
        {
            var stored = ReadStored();
            server ??= stored?["server"]?.GetValue<string>();
            key ??= stored?["key"]?.GetValue<string>();
        }
        return server is not null && key is not null
            ? new Credentials(ParseServer(server), key.Trim())
            : throw new HostupException(HostupErrors.BadConfig, "cannot tell which server to ask", $"neither HOSTUP_SERVER and HOSTUP_KEY nor {File} name one", "run `hostup login URL --key KEY`");
    }

    public void Store()
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        else
            Directory.CreateDirectory(Path.GetDirectoryName(File)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string temporary = File + ".new";
        System.IO.File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var writer = new StreamWriter(temporary, options))
            writer.Write(new JsonObject { ["server"] = Server.ToString(), ["key"] = Key }.ToJsonString());
        System.IO.File.Move(temporary, File, overwrite: true);
    }

    private static JsonNode? ReadStored()
    {
        if (!OperatingSystem.IsWindows() && System.IO.File.GetUnixFileMode(File) is var mode && (mode & Others) != 0)
            throw new HostupException(HostupErrors.BadConfig, "cannot use the stored key", $"others can read or write {File}, its mode is 0{Convert.ToString((int)mode, 8)}", "run `chmod 600` on it; somebody who has read the key may use it: make another one with `hostup operator-key new` and revoke this one");
        try
        {
            return JsonNode.Parse(System.IO.File.ReadAllText(File));
        }
        catch (JsonException e)
        {
            throw new HostupException(HostupErrors.BadConfig, $"cannot read {File}", e.Message, "run `hostup login URL --key KEY` again", e);
        }
    }

    public static Uri ParseServer(string text) => Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        ? uri
        : throw new HostupException(HostupErrors.BadValue, $"cannot read server address '{text}'", "it is no http or https address", "give it like https://hostup.example.com");
}
