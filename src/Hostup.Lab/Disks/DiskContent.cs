namespace Hostup.Lab.Disks;

/// <summary>What a device gets at provisioning, apart from its host OS.</summary>
/// <param name="BootTexts">Path on the boot partition to text, for example config.json.</param>
/// <param name="UserFiles">Path on the data partition to a file on the builder's machine.</param>
public sealed record DiskContent(IReadOnlyDictionary<string, string> BootTexts, IReadOnlyDictionary<string, string> UserFiles)
{
    /// <summary>A device of this type that knows no server yet.</summary>
    public static DiskContent Unclaimed(string deviceType) =>
        new(new Dictionary<string, string> { ["config.json"] = $"{{\"deviceType\":\"{deviceType}\"}}\n" }, new Dictionary<string, string>());

    /// <summary>The same with one more file on the data partition.</summary>
    public DiskContent WithUserFile(string target, string source) => this with { UserFiles = new Dictionary<string, string>(UserFiles) { [target] = source } };

    /// <summary>The same with one more text on the boot partition.</summary>
    public DiskContent WithBootText(string target, string text) => this with { BootTexts = new Dictionary<string, string>(BootTexts) { [target] = text } };
}
