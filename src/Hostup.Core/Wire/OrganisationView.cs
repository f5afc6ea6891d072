namespace Hostup.Core.Wire;

/// <summary>Whom devices, releases and keys belong to.</summary>
/// <param name="Id">32 hexadecimal digits; <c>default</c> for the first one.</param>
/// <param name="Name">Its name, unique on the server.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="IsOwn">Whether it is that of the key that asked.</param>
public sealed record OrganisationView(string Id, string Name, DateTimeOffset CreatedAt, bool IsOwn);

/// <summary>POST /api/v1/organisations.</summary>
/// <param name="Name">1 to 64 letters, digits, dots, dashes and underscores.</param>
public sealed record OrganisationRequest(string Name);

/// <summary>Answer to <see cref="OrganisationRequest"/>. The key is shown once and stored hashed.</summary>
/// <param name="Id">Names the organisation.</param>
/// <param name="Name">Its name.</param>
/// <param name="Key">Its first operator key.</param>
public sealed record OrganisationAnswer(string Id, string Name, string Key);
