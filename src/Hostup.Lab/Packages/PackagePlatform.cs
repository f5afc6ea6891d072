using System.Buffers.Binary;
using Hostup.Core.Errors;

namespace Hostup.Lab.Packages;

/// <summary>A kind of machine that the device program is published and packaged for.</summary>
/// <param name="Name">.NET runtime identifier, as updaters and devices name it.</param>
/// <param name="Architecture">Processor architecture, as the table of device types names it.</param>
/// <param name="Debian">The same as Debian names it, in a package's control file and file name.</param>
/// <param name="ElfMachine">e_machine of its programs (elf.h).</param>
public sealed record PackagePlatform(string Name, string Architecture, string Debian, ushort ElfMachine)
{
    private const int ElfMachineOffset = 18;

    /// <summary>The machine of the lab's devices.</summary>
    public static PackagePlatform Amd64 { get; } = new("linux-x64", "x86-64", "amd64", 62);

    /// <summary>All that .NET runs on: neither x86 of 32 bits nor armv6 is among them.</summary>
    public static IReadOnlyList<PackagePlatform> All { get; } = [Amd64, new("linux-arm64", "aarch64", "arm64", 183), new("linux-arm", "armv7", "armhf", 40)];

    /// <summary>The one of that name.</summary>
    /// <exception cref="HostupException"><c>bad-value</c>: there is none.</exception>
    public static PackagePlatform Of(string name) => All.FirstOrDefault(p => p.Name == name)
        ?? throw new HostupException(HostupErrors.BadValue, $"cannot make a package for platform '{name}'", "the program does not run there", $"give one of {string.Join(", ", All.Select(p => p.Name))}");

    /// <summary>Requires that a program runs on it.</summary>
    /// <exception cref="HostupException"><c>bad-value</c>: it is no program, or one of another machine.</exception>
    public void Require(string program)
    {
        using var file = File.OpenRead(program);
        byte[] head = new byte[ElfMachineOffset + 2];
        bool isElf = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length && head.AsSpan().StartsWith("\u007fELF"u8);
        ushort machine = BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(ElfMachineOffset));
        if (!isElf || machine != ElfMachine)
            throw new HostupException(HostupErrors.BadValue, $"cannot package {program} for {Name}", isElf ? $"it is a program of machine {machine}, not {ElfMachine}" : "it is no program", $"publish hostup-device with -r {Name}");
    }
}
