using Hostup.Core.RootTrees;
using Hostup.Linux.Native;

namespace Hostup.Linux.RootTrees;

/// <summary>Makes an entry that is neither file, directory nor hard link.</summary>
internal static class EntryNode
{
    /// <summary>Makes it; owner, mode and time follow.</summary>
    /// <returns>Zero, or the error number.</returns>
    public static int Make(TreeEntry entry, int parent, byte[] name)
    {
        int result = entry.Kind switch
        {
            TreeEntryKind.SymbolicLink => EntryCalls.MakeLink([.. entry.SymbolicTarget.Span, 0], parent, name),
            TreeEntryKind.CharacterDevice => EntryCalls.MakeNode(parent, name, EntryCalls.TypeCharacter | 0x180, EntryCalls.Device(entry.DeviceMajor, entry.DeviceMinor)),
            TreeEntryKind.BlockDevice => EntryCalls.MakeNode(parent, name, EntryCalls.TypeBlock | 0x180, EntryCalls.Device(entry.DeviceMajor, entry.DeviceMinor)),
            TreeEntryKind.Fifo => EntryCalls.MakeNode(parent, name, EntryCalls.TypeFifo | 0x180, 0),
            var kind => throw new InvalidOperationException($"bug: {kind} is no node"),
        };
        return result == 0 ? 0 : Errno.Last;
    }
}
