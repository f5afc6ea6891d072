using System.Net;
using System.Runtime.InteropServices;
using Hostup.Linux.Native;
using Microsoft.Win32.SafeHandles;

namespace Hostup.Linux.Network;

/// <summary>A TCP socket as the kernel tells of it.</summary>
/// <param name="Cookie">The kernel's number for it, used once a boot.</param>
/// <param name="Inode">Number under which processes hold it; zero: none does any more.</param>
/// <param name="Remote">The other end.</param>
/// <param name="Received">Bytes received, without headers of TCP and IP.</param>
/// <param name="Sent">Bytes sent and acknowledged.</param>
internal readonly record struct SocketState(long Cookie, uint Inode, IPAddress Remote, long Received, long Sent);

/// <summary>The TCP sockets of this machine: sock_diag(7), the structures of linux/inet_diag.h and linux/tcp.h in the machine's own byte order.</summary>
internal sealed class SocketTable
{
    private const ushort SocketByFamily = 20; // SOCK_DIAG_BY_FAMILY
    private const ushort Dump = 0x301; // NLM_F_REQUEST | NLM_F_DUMP
    private const byte Tcp = 6;
    private const byte InetFamily = 2;
    private const byte Inet6Family = 10;
    private const byte WantsInfo = 1 << 1; // INET_DIAG_INFO is attribute 2
    private const ushort InfoAttribute = 2;
    private const uint Connected = 0b1011_0011_0110; // all states but listening, half open and over
    private const uint DestroyedGroups = 0b101; // SKNLGRP_INET_TCP_DESTROY and that of IPv6

    private const int HeaderBytes = 16; // struct nlmsghdr
    private const int RequestBytes = HeaderBytes + 56; // struct inet_diag_req_v2
    private const int RemoteOffset = 24;
    private const int CookieOffset = 44;
    private const int InodeOffset = 68;
    private const int MessageBytes = 72; // struct inet_diag_msg
    private const int AckedOffset = 120; // tcpi_bytes_acked of struct tcp_info, Linux 4.1
    private const int ReceivedOffset = 128; // tcpi_bytes_received

    private readonly byte[] _buffer = new byte[64 << 10];
    private SafeFileHandle? _destroyed;
    private bool _asked;

    /// <summary>Whether the kernel tells of sockets that go.</summary>
    public bool HearsOfEnds => _destroyed is not null;

    /// <summary>All that are connected or being closed; empty when the kernel does not tell.</summary>
    public IReadOnlyList<SocketState> Open()
    {
        var found = new List<SocketState>();
        using var socket = NetlinkCalls.Open(groups: 0);
        if (socket is null)
            return found;
        foreach (byte family in (ReadOnlySpan<byte>)[InetFamily, Inet6Family])
        {
            if (NetlinkCalls.Send(socket, Request(family)))
                Read(socket, found);
        }
        return found;
    }

    /// <summary>Those that are gone since the last call, with their last counts, which nobody can ask for any more; begins to listen with the first call.</summary>
    public IReadOnlyList<SocketState> Destroyed()
    {
        var found = new List<SocketState>();
        if (!_asked)
            (_asked, _destroyed) = (true, NetlinkCalls.Open(DestroyedGroups));
        if (_destroyed is not null)
            Read(_destroyed, found);
        return found;
    }

    private static byte[] Request(byte family)
    {
        byte[] request = new byte[RequestBytes];
        MemoryMarshal.Write(request, (uint)RequestBytes);
        MemoryMarshal.Write(request.AsSpan(4), SocketByFamily);
        MemoryMarshal.Write(request.AsSpan(6), Dump);
        (request[HeaderBytes], request[HeaderBytes + 1], request[HeaderBytes + 2]) = (family, Tcp, WantsInfo);
        MemoryMarshal.Write(request.AsSpan(HeaderBytes + 4), Connected);
        return request;
    }

    private void Read(SafeFileHandle socket, List<SocketState> found)
    {
        for (int read; (read = NetlinkCalls.Receive(socket, _buffer)) > 0;)
        {
            ReadOnlySpan<byte> left = _buffer.AsSpan(0, read);
            while (Next(ref left, HeaderBytes, out var message, MemoryMarshal.Read<int>))
            {
                if (MemoryMarshal.Read<ushort>(message[4..]) == SocketByFamily && message.Length >= HeaderBytes + MessageBytes)
                    Add(message[HeaderBytes..], found);
            }
        }
    }

    private static void Add(ReadOnlySpan<byte> message, List<SocketState> found)
    {
        var attributes = message[MessageBytes..];
        while (Next(ref attributes, 4, out var attribute, span => MemoryMarshal.Read<ushort>(span)))
        {
            if (MemoryMarshal.Read<ushort>(attribute[2..]) != InfoAttribute || attribute.Length < 4 + ReceivedOffset + sizeof(long))
                continue;
            var remote = new IPAddress(message.Slice(RemoteOffset, message[0] == InetFamily ? 4 : 16));
            found.Add(new SocketState(
                MemoryMarshal.Read<long>(message[CookieOffset..]), MemoryMarshal.Read<uint>(message[InodeOffset..]), remote.IsIPv4MappedToIPv6 ? remote.MapToIPv4() : remote,
                MemoryMarshal.Read<long>(attribute[(4 + ReceivedOffset)..]), MemoryMarshal.Read<long>(attribute[(4 + AckedOffset)..])));
        }
    }

    private delegate int Length(ReadOnlySpan<byte> begin);

    /// <summary>Takes the next of the items, each of which begins with its length and ends at a multiple of four.</summary>
    private static bool Next(ref ReadOnlySpan<byte> left, int least, out ReadOnlySpan<byte> item, Length length)
    {
        item = default;
        int bytes = left.Length < least ? 0 : length(left);
        if (bytes < least || bytes > left.Length)
            return false;
        item = left[..bytes];
        left = left[Math.Min(left.Length, (bytes + 3) & ~3)..];
        return true;
    }
}
