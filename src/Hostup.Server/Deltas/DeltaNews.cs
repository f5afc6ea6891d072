namespace Hostup.Server.Deltas;

/// <summary>Changes of deltas, by their ids, and that there is one to build.</summary>
internal sealed class DeltaNews : ChangeNews
{
    /// <summary>What workers wait for: no delta has this id.</summary>
    public const string Queue = "";

    /// <summary>That a device program was published: no delta has this id either.</summary>
    public const string Updaters = "updaters";
}
