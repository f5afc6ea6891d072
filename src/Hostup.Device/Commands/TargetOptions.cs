using System.CommandLine;

namespace Hostup.Device.Commands;

/// <summary>The options that name what is asked for: by default what the agent wrote.</summary>
internal sealed class TargetOptions
{
    public Option<string> Target { get; } = new("--target") { Description = "Target file that the agent wrote", DefaultValueFactory = _ => TargetFile.TargetPath };

    public Option<string> Release { get; } = new("--release") { Description = "Envelope of the release manifest", DefaultValueFactory = _ => TargetFile.EnvelopePath };

    public TargetFile Load(ParseResult parsed) => TargetFile.Load(parsed.GetValue(Target)!, parsed.GetValue(Release)!);
}
