using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Hostup.Linux.Native;

/// <summary>Sockets to the kernel's own diagnosis of sockets: netlink(7), sock_diag(7).</summary>
internal static partial class NetlinkCalls
{
    private const string C = "libc";
    private const int Family = 16; // AF_NETLINK
    private const int Raw = 3 | 0x80000; // SOCK_RAW, SOCK_CLOEXEC
    private const int SocketDiagnosis = 4; // NETLINK_SOCK_DIAG
    private const int AddressBytes = 12; // struct sockaddr_nl
    private const int DontWait = 0x40; // MSG_DONTWAIT

    /// <summary>Opens one that hears of these groups; null: the kernel has no such thing, or this process may not.</summary>
    public static SafeFileHandle? Open(uint groups)
    {
        int socket = Socket(Family, Raw, SocketDiagnosis);
        if (socket < 0)
            return null;
        var handle = new SafeFileHandle(socket, ownsHandle: true);
        Span<byte> address = stackalloc byte[AddressBytes];
        address.Clear();
        MemoryMarshal.Write(address, (ushort)Family);
        MemoryMarshal.Write(address[8..], groups);
        if (Bind(handle, address, AddressBytes) == 0)
            return handle;
        handle.Dispose();
        return null;
    }

    /// <summary>Sends a request.</summary>
    public static bool Send(SafeFileHandle socket, ReadOnlySpan<byte> request) => Send(socket, request, (nuint)request.Length, 0) == request.Length;

    /// <summary>Receives one packet.</summary>
    /// <returns>Its bytes; zero or less: there is none now.</returns>
    public static int Receive(SafeFileHandle socket, Span<byte> buffer) => (int)Receive(socket, buffer, (nuint)buffer.Length, DontWait);

    [LibraryImport(C, EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int domain, int type, int protocol);

    [LibraryImport(C, EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(SafeFileHandle socket, ReadOnlySpan<byte> address, uint length);

    [LibraryImport(C, EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(SafeFileHandle socket, ReadOnlySpan<byte> buffer, nuint length, int flags);

    [LibraryImport(C, EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeFileHandle socket, Span<byte> buffer, nuint length, int flags);
}
