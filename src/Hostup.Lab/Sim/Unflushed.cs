namespace Hostup.Lab.Sim;

/// <summary>What becomes of writes that were not flushed when the power goes.</summary>
public enum Unflushed
{
    /// <summary>None of them reached the medium.</summary>
    Lost,

    /// <summary>All of them did.</summary>
    Kept,

    /// <summary>Some did, some in part: ext4 keeps the order of names but not of content; FAT keeps no order.</summary>
    Torn,

    /// <summary>All of them did, but of the last change of two names only the first one's entry where nothing orders them (FAT).</summary>
    FirstName,

    /// <summary>The same, with only the second name's entry.</summary>
    SecondName,
}

/// <summary>The update process was killed. Nothing on the device changed by that but what ends with a process.</summary>
public sealed class ProcessKilledException(string effect) : Exception($"killed before {effect}");

/// <summary>Somebody reboots the device: processes end, everything is flushed, then it boots.</summary>
public sealed class OrderlyRebootException(string effect) : Exception($"rebooted before {effect}");

/// <summary>The power went. Not an error that anything may handle; after it every effect throws it again, so that no finally block can cheat.</summary>
public sealed class PowerCutException(string effect) : Exception($"power cut before {effect}");
