using System.Runtime.InteropServices;

namespace Hostup.Linux.Native;

/// <summary>The error numbers we tell apart (asm-generic/errno.h; the same on every processor we run on).</summary>
internal static class Errno
{
    public const int NotPermitted = 1;
    public const int NoEntry = 2;
    public const int Interrupted = 4;
    public const int Exists = 17;
    public const int NotDirectory = 20;
    public const int IsDirectory = 21;
    public const int Invalid = 22;
    public const int NoSpace = 28;
    public const int TooSmall = 34;
    public const int NoSuchCall = 38;
    public const int NotEmpty = 39;
    public const int TooManyLinks = 40;
    public const int NoAttribute = 61;
    public const int NotSupported = 95;

    public static int Last => Marshal.GetLastPInvokeError();

    public static string Text(int errno) => Marshal.GetPInvokeErrorMessage(errno);
}
