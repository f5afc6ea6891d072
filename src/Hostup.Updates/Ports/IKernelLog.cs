namespace Hostup.Updates.Ports;

/// <summary>What kernels of earlier boots said last, as firmware or memory kept it over the reset (pstore).</summary>
/// <remarks>Methods throw <see cref="IOException"/>.</remarks>
public interface IKernelLog
{
    /// <summary>Names of the records, in the order in which they are read; empty: there are none, or this machine keeps none.</summary>
    IReadOnlyList<string> Records { get; }

    /// <summary>Text of a record.</summary>
    string Read(string record);

    /// <summary>Gives the room of a record back; a power cut does not bring it back.</summary>
    void Remove(string record);
}
