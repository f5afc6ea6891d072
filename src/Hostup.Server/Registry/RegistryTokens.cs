using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Registry;

/// <summary>Short-lived tokens that say which repositories their bearer may read or write, sealed with a key that only the server has.</summary>
internal sealed class RegistryTokens(TimeProvider time)
{
    /// <summary>Long enough for one pull over a slow link to ask only now and then, short enough that a stolen one is soon worthless.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private const string KeySetting = "registry-token-key";
    private byte[] _key = [];

    /// <summary>Reads the key, making it at first start. Once, before the first request.</summary>
    public async Task LoadAsync(HostupDb db, CancellationToken ct)
    {
        var row = await db.Settings.AsNoTracking().SingleOrDefaultAsync(s => s.Name == KeySetting, ct);
        if (row is null)
        {
            row = new SettingRow { Name = KeySetting, Value = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) };
            db.Settings.Add(row);
            await db.SaveChangesAsync(ct);
        }
        _key = Convert.FromBase64String(row.Value);
    }

    public string Issue(string subject, string organisation, IReadOnlyList<RepositoryAccess> access)
    {
        var content = new TokenContent(subject, organisation, access, time.GetUtcNow().Add(Lifetime).ToUnixTimeSeconds());
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(content);
        return $"{Base64Url.EncodeToString(json)}.{Base64Url.EncodeToString(HMACSHA256.HashData(_key, json))}";
    }

    /// <summary>What a token allows; null when it is not ours or has expired.</summary>
    public TokenContent? Read(string token)
    {
        int dot = token.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0 || !Base64Url.IsValid(token.AsSpan(0, dot)) || !Base64Url.IsValid(token.AsSpan(dot + 1)))
            return null;
        byte[] json = Base64Url.DecodeFromChars(token.AsSpan(0, dot));
        if (!CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(_key, json), Base64Url.DecodeFromChars(token.AsSpan(dot + 1))))
            return null;
        var content = JsonSerializer.Deserialize<TokenContent>(json);
        // one from before there were organisations names none
        return content is { Organisation: not null } && content.Expires > time.GetUtcNow().ToUnixTimeSeconds() ? content : null;
    }
}

/// <summary>What a token says.</summary>
/// <param name="Subject">Whom it was given to.</param>
/// <param name="Organisation">Whose repositories it is for.</param>
/// <param name="Access">What it allows.</param>
/// <param name="Expires">Seconds since 1970.</param>
internal sealed record TokenContent(string Subject, string Organisation, IReadOnlyList<RepositoryAccess> Access, long Expires);

/// <summary>What may be done with a repository.</summary>
/// <param name="Repository">Its name.</param>
/// <param name="Actions">pull, push.</param>
internal sealed record RepositoryAccess(string Repository, IReadOnlyList<string> Actions);
