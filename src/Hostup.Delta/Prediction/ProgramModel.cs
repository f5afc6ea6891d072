namespace Hostup.Delta.Prediction;

/// <summary>How references of a program are found. The numbers are part of the format.</summary>
internal enum ProgramModel
{
    /// <summary>None are looked for.</summary>
    None = 0,

    /// <summary>x86-64.</summary>
    X64 = 1,

    /// <summary>AArch64, little-endian.</summary>
    Arm64 = 2,
}
