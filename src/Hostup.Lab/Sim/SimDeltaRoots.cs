using System.Text;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Delta;
using Hostup.Delta.Applying;
using Hostup.Linux.Deltas;
using Hostup.Updates.Slots;

namespace Hostup.Lab.Sim;

/// <summary>The slots of a simulated device as the roots of a delta.</summary>
public sealed class SimDeltaRoots(SimDevice device) : IDeltaRoots
{
    /// <summary>Files of the running slot that somebody changed, by path; the slot's digest is noted as it was.</summary>
    public Dictionary<string, byte[]> Changed { get; } = [];

    /// <summary>Whether the running slot cannot be read.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Roots that are open now.</summary>
    public int Opened { get; private set; }

    public ValueTask<Digest?> RunningAsync(CancellationToken ct) => RunningTree.FindAsync(device.Device, _ => { }, ct);

    public ValueTask<IOpenRoots> OpenAsync(CancellationToken ct)
    {
        if (IsBroken)
            throw new HostupException(HostupErrors.DeltaOld, "cannot apply a delta", "the running system cannot be read: Input/output error", "use the whole image");
        Opened++;
        return ValueTask.FromResult<IOpenRoots>(new Open(this, device));
    }

    private sealed class Open(SimDeltaRoots roots, SimDevice device) : IOpenRoots
    {
        public IDeltaTree Running { get; } = SimDelta.Tree(device.RunningSlot.Files!.ToDictionary(f => f.Key, f => roots.Changed.GetValueOrDefault(f.Key, f.Value)));

        public DeltaPlace Spare { get; } = new(Path.GetTempPath(), path => new SimContent(device.SpareSlot.Files![Encoding.UTF8.GetString(path.Bytes)]));

        public ValueTask DisposeAsync()
        {
            roots.Opened--;
            return default;
        }
    }
}
