namespace Hostup.Lab.Benchmarks;

/// <summary>What one way of getting from one tree to another takes.</summary>
/// <param name="Name">How it is called in the table.</param>
/// <param name="Bytes">To transfer.</param>
/// <param name="Build">On the builder's side.</param>
/// <param name="Apply">On the device's side; null: nothing is run there that could be measured.</param>
public sealed record DeltaResult(string Name, long Bytes, MeasuredRun Build, MeasuredRun? Apply)
{
    /// <summary>Names of those that goals are about.</summary>
    public const string Ours = "hostup delta", Rdiff = "rdiff -b 512, gzip -6", Xdelta = "xdelta3 -9 -S lzma -B 640M", Full = "full image, zstd -3";
}
