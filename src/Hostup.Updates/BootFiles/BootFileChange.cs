namespace Hostup.Updates.BootFiles;

/// <summary>One file of the boot partition that is not as it is wanted.</summary>
/// <param name="Path">Path on the boot partition.</param>
/// <param name="Wanted">What it is to be; null: it is to go.</param>
/// <param name="Stays">Whether it stays when the update is undone: a setting that the old OS ignores.</param>
internal sealed record BootFileChange(string Path, BootFileContent? Wanted, bool Stays = false);

/// <summary>Content of a boot file: another file's, or these bytes.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="Digest">Digest of the content.</param>
/// <param name="File">Absolute path of a file with it; null: <paramref name="Bytes"/>.</param>
/// <param name="Bytes">A small generated content.</param>
internal sealed record BootFileContent(long Length, Digest Digest, string? File, byte[]? Bytes = null)
{
    public static BootFileContent Of(byte[] bytes) => new(bytes.LongLength, Digest.Of(bytes), null, bytes);
}
