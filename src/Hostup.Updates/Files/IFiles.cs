using System.Security.Cryptography;

namespace Hostup.Updates.Files;

/// <summary>
/// Small files on the device by absolute path. Everything durable goes through it, so that the simulator can cut the power
/// at each effect. An effect is one call of a method of the second group; none of them is durable before the matching flush.
/// </summary>
/// <remarks>Methods throw <see cref="IOException"/> (or a subclass) with the path; callers say what it means.</remarks>
public interface IFiles
{
    /// <summary>Whether a file or directory is there.</summary>
    /// <exception cref="IOException">It cannot be told: the medium fails. So it is with <see cref="Length"/> and <see cref="ListFiles"/>.</exception>
    bool Exists(string path);

    /// <summary>Whole content.</summary>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    byte[] Read(string path);

    /// <summary>Hash of a file's content, read in blocks.</summary>
    /// <param name="path">The file.</param>
    /// <param name="algorithm">For example SHA-256.</param>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    byte[] Hash(string path, HashAlgorithmName algorithm);

    /// <summary>Bytes of a file; null when it is not there.</summary>
    long? Length(string path);

    /// <summary>Paths of all regular files below a directory, relative to it, with '/', in ordinal order; empty when it is not there.</summary>
    IReadOnlyList<string> ListFiles(string directory);

    /// <summary>Bytes that can still be written to the file system that holds this path.</summary>
    long FreeBytes(string path);

    /// <summary>Opens a file system that is mounted read-only for writing until the answer is disposed; then it is flushed and read-only again.</summary>
    /// <param name="mountPoint">For example <c>/mnt/boot</c>.</param>
    IDisposable OpenForWriting(string mountPoint);

    /// <summary>Makes a file with this content, or replaces the content of one. Not atomic.</summary>
    /// <exception cref="NoRoomException">No room for its name or for all of its content.</exception>
    void Create(string path, ReadOnlySpan<byte> content);

    /// <summary>As <see cref="Create"/>, with the content of another file, in blocks.</summary>
    void Copy(string from, string to);

    /// <summary>Overwrites bytes of an existing file in place; the file keeps its length.</summary>
    void Overwrite(string path, long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Makes a directory and its parents; nothing happens when it is there.</summary>
    /// <exception cref="NoRoomException">No room for it; parents may be there.</exception>
    void CreateDirectory(string path);

    /// <summary>Renames a file over another name on the same file system.</summary>
    /// <exception cref="NoRoomException">The directory has no room for the name. Nothing was changed.</exception>
    void Rename(string from, string to);

    /// <summary>Exchanges two names on the same file system in one act.</summary>
    /// <returns>False when this file system or kernel cannot; then nothing was done.</returns>
    /// <exception cref="IOException">It can, and did not.</exception>
    bool Exchange(string first, string second);

    /// <summary>Removes a file; nothing happens when it is not there.</summary>
    void Delete(string path);

    /// <summary>
    /// Removes files of one file system in one act: durable when it returns, and nothing of their contents is given back before. On FAT two names may show one file after a power cut in the
    /// middle of an exchange; the kernel makes such a file system read-only when both are gone, until it is opened for writing again.
    /// </summary>
    void DeleteTogether(IReadOnlyList<string> paths);

    /// <summary>Removes an empty directory; nothing happens when it is not there or holds something.</summary>
    void DeleteDirectory(string path);

    /// <summary>Content and length of a file survive a power cut once this returns, and who reads it then reads what the medium has.</summary>
    void Flush(string path);

    /// <summary>Names in a directory survive a power cut once this returns.</summary>
    void FlushDirectory(string path);

    /// <summary>Everything written to the file system that holds this path survives a power cut once this returns.</summary>
    void FlushFileSystem(string path);
}
