using Hostup.Core;
using Hostup.Updates.Ports;

namespace Hostup.Lab.Sim;

/// <summary>The raw media of a simulated device: sectors that reach the medium in any order until they are flushed.</summary>
public sealed class SimBootMedia(SimDevice device) : IBootMedia
{
    private const int SectorBytes = 512;
    private const int MediumBytes = 128 << 10;
    private readonly Dictionary<string, byte[]> _medium = [];
    private readonly Dictionary<string, byte[]> _seen = [];

    /// <summary>A medium that does not take what is written, and says so; null: none.</summary>
    public string? Broken { get; set; }

    /// <summary>Puts a loader there: provisioning.</summary>
    public void Provision(string medium, long offsetBytes, byte[] content)
    {
        if (!_medium.TryGetValue(medium, out byte[]? bytes))
            bytes = _medium[medium] = new byte[MediumBytes];
        content.CopyTo(bytes.AsSpan((int)offsetBytes));
        _seen[medium] = (byte[])bytes.Clone();
    }

    /// <summary>What is seen there.</summary>
    public byte[] Read(string medium, long offsetBytes, long length) => _seen[medium][(int)offsetBytes..(int)(offsetBytes + length)];

    public string? FaultOf(string medium, long offsetBytes, long length) =>
        !_seen.TryGetValue(medium, out byte[]? bytes) ? $"this device has no medium {medium}" : offsetBytes + length > bytes.Length ? "it lies beyond the end of the medium" : null;

    public Digest Hash(string medium, long offsetBytes, long length) => Digest.Of(Read(medium, offsetBytes, length));

    public void CopyTo(string medium, long offsetBytes, long length, string file) => device.Files.Create(file, Read(medium, offsetBytes, length));

    public void CopyFrom(string file, string medium, long offsetBytes)
    {
        device.MustNotInterfere("the boot loader is written");
        byte[] content = device.Files.Read(file);
        // In two halves, so that a process can be killed between them.
        int half = content.Length / 2 / SectorBytes * SectorBytes;
        foreach (var (from, end) in new[] { (0, half), (half, content.Length) })
        {
            device.Power.Effect($"write {medium}:{offsetBytes + from}");
            if (medium == Broken)
                throw new IOException($"input/output error: {medium}");
            content.AsSpan(from, end - from).CopyTo(_seen[medium].AsSpan((int)offsetBytes + from));
        }
    }

    public void Flush(string medium)
    {
        device.Power.Effect($"flush {medium}");
        _medium[medium] = (byte[])_seen[medium].Clone();
    }

    /// <summary>The power went: what was not flushed is lost, kept, or every other sector of it is there.</summary>
    public void PowerCut(Unflushed unflushed)
    {
        foreach (var (name, medium) in _medium)
        {
            for (int sector = 0; sector < medium.Length / SectorBytes; sector++)
            {
                var seen = _seen[name].AsSpan(sector * SectorBytes, SectorBytes);
                if (unflushed == Unflushed.Kept || (unflushed == Unflushed.Torn && sector % 2 == 0))
                    seen.CopyTo(medium.AsSpan(sector * SectorBytes));
            }
            _seen[name] = (byte[])medium.Clone();
        }
    }
}
