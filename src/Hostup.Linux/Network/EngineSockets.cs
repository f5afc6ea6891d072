using System.Net;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Network;

/// <summary>
/// The TCP connections of the container engine, found by the processes that hold them. One that was opened and closed between two looks is not seen:
/// nobody knows any more whose it was.
/// </summary>
/// <param name="root">Root of the file system with <c>/proc</c>.</param>
internal sealed class EngineSockets(string root)
{
    /// <summary>Names that the kernel has for the engine's program: Docker's, balenaEngine's, and the latter's later one, cut to 15 characters.</summary>
    private static readonly string[] Programs = ["dockerd", "balenad", "balena-engine-d"];

    private readonly SocketTable _table = new();
    private readonly Dictionary<long, EngineConnection> _engine = [];
    private HashSet<long> _others = [];

    /// <summary>Those that are open, and those that were when last asked and are closed now, with their last counts.</summary>
    public IReadOnlyList<EngineConnection> Read()
    {
        if (!Directory.Exists(Path.Combine(root, "proc")))
            return [];
        var gone = _table.Destroyed();
        var open = _table.Open();
        HashSet<uint>? held = null;
        foreach (var socket in open.Where(s => s.Inode != 0 && !_engine.ContainsKey(s.Cookie) && !_others.Contains(s.Cookie)))
        {
            held ??= [.. Held()];
            if (held.Contains(socket.Inode))
                _engine[socket.Cookie] = Told(socket);
        }
        foreach (var socket in open.Concat(gone).Where(s => _engine.ContainsKey(s.Cookie)))
            _engine[socket.Cookie] = Told(socket);
        _others = [.. open.Select(s => s.Cookie).Where(c => !_engine.ContainsKey(c))];
        // One that went between the two questions stays as it was last seen until its end is heard of.
        EngineConnection[] all = [.. _engine.Values];
        var over = _table.HearsOfEnds ? gone.Select(s => s.Cookie) : _engine.Keys.Except(open.Select(s => s.Cookie));
        foreach (long cookie in over.ToList())
            _engine.Remove(cookie);
        return all;
    }

    private static EngineConnection Told(SocketState socket) => new(socket.Cookie, !IPAddress.IsLoopback(socket.Remote), socket.Received, socket.Sent);

    /// <summary>Inodes of the sockets that the engine's processes hold.</summary>
    private IEnumerable<uint> Held()
    {
        foreach (string process in Directory.EnumerateDirectories(Path.Combine(root, "proc")).Where(p => char.IsAsciiDigit(Path.GetFileName(p)[0]) && IsEngine(p)))
        {
            foreach (string link in Links(Path.Combine(process, "fd")))
            {
                // socket:[12345]
                if (link.StartsWith("socket:[", StringComparison.Ordinal) && uint.TryParse(link.AsSpan(8, link.Length - 9), out uint inode))
                    yield return inode;
            }
        }
    }

    private static bool IsEngine(string process)
    {
        try
        {
            return Programs.Contains(File.ReadAllText(Path.Combine(process, "comm")).Trim());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // it ended meanwhile
        }
    }

    private static List<string> Links(string folder)
    {
        try
        {
            return [.. new DirectoryInfo(folder).EnumerateFiles().Select(f => f.LinkTarget).OfType<string>()];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
