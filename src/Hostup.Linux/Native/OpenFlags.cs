using System.Runtime.InteropServices;

namespace Hostup.Linux.Native;

/// <summary>Flags of openat(2); some differ between processors (asm/fcntl.h).</summary>
internal static class OpenFlags
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int NonBlocking = 0x800;
    public const int CloseOnExec = 0x80000;

    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64 or Architecture.Armv6;

    public static readonly int Directory = IsArm ? 0x4000 : 0x10000;
    public static readonly int NoFollow = IsArm ? 0x8000 : 0x20000;
    /// <summary>64-bit processors have no need for it.</summary>
    public static readonly int LargeFile = Environment.Is64BitProcess ? 0 : IsArm ? 0x20000 : 0x8000;
    public const int NoAccessTime = 0x40000;
}
