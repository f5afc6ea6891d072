using System.Runtime.InteropServices;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Power;

/// <summary>The machine's clock.</summary>
public sealed partial class LinuxClock : ISystemClock
{
    // adjtimex(2): the kernel's answer when no time server has set the clock
    private const int TimeError = 5;
    // struct timex has 208 bytes on 64-bit machines, fewer on others; all zero asks and changes nothing
    private const int TimexBytes = 512;

    /// <inheritdoc/>
    public DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <inheritdoc/>
    public bool IsSynchronised
    {
        get
        {
            Span<byte> timex = stackalloc byte[TimexBytes];
            timex.Clear();
            return Adjtimex(ref MemoryMarshal.GetReference(timex)) is >= 0 and not TimeError;
        }
    }

    /// <inheritdoc/>
    public ValueTask DelayAsync(TimeSpan time, CancellationToken ct) => new(Task.Delay(time, ct));

    [LibraryImport("libc", EntryPoint = "adjtimex", SetLastError = true)]
    private static partial int Adjtimex(ref byte timex);
}
