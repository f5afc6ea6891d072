namespace Hostup.Core.Rules;

/// <summary>Why an update is allowed or not, for programs; in the order in which they are looked for. docs/rules.md describes each.</summary>
public static class RuleReasons
{
    /// <summary>What the device runs is no version.</summary>
    public const string SourceInvalid = "source-invalid";

    /// <summary>The target is no version.</summary>
    public const string TargetInvalid = "target-invalid";

    /// <summary>From a development build to a production one or back.</summary>
    public const string Variant = "variant";

    /// <summary>The target is older.</summary>
    public const string Downgrade = "downgrade";

    /// <summary>The target is what the device runs.</summary>
    public const string Equal = "equal";

    /// <summary>A pre-release, and the rules do not allow those.</summary>
    public const string PreRelease = "pre-release";

    /// <summary>The long-term target is built on a rolling version that is not newer.</summary>
    public const string Base = "base";

    /// <summary>The target is invalidated, or not for this hardware.</summary>
    public const string Blocked = "blocked";

    /// <summary>No path leads from this version to that.</summary>
    public const string NoPath = "no-path";

    /// <summary>The running version is too old for its path.</summary>
    public const string SourceTooOld = "source-too-old";

    /// <summary>The running version is too new for its path.</summary>
    public const string SourceTooNew = "source-too-new";

    /// <summary>The target is too old for its path.</summary>
    public const string TargetTooOld = "target-too-old";

    /// <summary>The target is too new for its path.</summary>
    public const string TargetTooNew = "target-too-new";

    /// <summary>Nothing speaks against it.</summary>
    public const string Allowed = "allowed";
}
