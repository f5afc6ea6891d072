using System.Runtime.InteropServices;

namespace Hostup.Linux.Native;

/// <summary>The kernel's word on its clock: adjtimex(2).</summary>
internal static partial class ClockCalls
{
    private const int NotSynchronised = 5; // TIME_ERROR
    // struct timex has 208 bytes on 64-bit machines and fewer on others; its first field, modes, is 0: only asked.
    private const int TimexBytes = 256;

    public static bool IsSynchronised()
    {
        Span<byte> timex = stackalloc byte[TimexBytes];
        timex.Clear();
        int state = Adjust(ref MemoryMarshal.GetReference(timex));
        return state is >= 0 and < NotSynchronised;
    }

    [LibraryImport("libc", EntryPoint = "adjtimex", SetLastError = true)]
    private static partial int Adjust(ref byte timex);
}
