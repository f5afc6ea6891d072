using Hostup.Core.Errors;
using Microsoft.AspNetCore.Identity;

namespace Hostup.Server.Users;

/// <summary>Passwords, hashed by ASP.NET Core Identity's own hasher: PBKDF2 with a salt of each one's own.</summary>
internal sealed class Passwords
{
    /// <summary>Long ones are all that is asked for: rules about signs make people write them down.</summary>
    public const int MinLength = 12;

    private const int MaxLength = 256;

    private readonly PasswordHasher<string> _hasher = new();
    private readonly Lazy<string> _nobodys = new(() => new PasswordHasher<string>().HashPassword("", Guid.NewGuid().ToString("N")));

    /// <exception cref="HostupException"><c>bad-value</c> when it is too short or too long.</exception>
    public string Hash(string? password) => password is { Length: >= MinLength and <= MaxLength }
        ? _hasher.HashPassword("", password)
        : throw new HostupException(HostupErrors.BadValue, "cannot keep the password", $"it has {password?.Length ?? 0} characters, {MinLength} to {MaxLength} are taken", "choose another one");

    /// <summary>Whether it is the right one. It takes as long when there is none to compare with.</summary>
    /// <param name="hash">What <see cref="Hash"/> gave; null: nobody has it.</param>
    /// <param name="password">What was sent.</param>
    public bool Fits(string? hash, string? password)
    {
        var result = _hasher.VerifyHashedPassword("", hash ?? _nobodys.Value, password is { Length: <= MaxLength } ? password : "");
        return hash is not null && result != PasswordVerificationResult.Failed;
    }
}
