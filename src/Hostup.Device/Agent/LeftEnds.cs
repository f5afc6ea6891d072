using System.Globalization;
using System.Text.Json;
using Hostup.Updates.Account;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Reporting;
using Hostup.Updates.Rollback;
using Hostup.Updates.Run;

namespace Hostup.Device.Agent;

/// <summary>
/// Ends of attempts that the server had not acknowledged when another attempt took over the journal, which alone told of them. A file each on the state partition, so that the agent,
/// which begins what the server asks for and removes what it has told, and a process that begins an update by hand write nothing of each other's.
/// </summary>
internal static class LeftEnds
{
    private const string Folder = Places.Hostup + "/left-ends";
    private const string EndSuffix = ".json", LogSuffix = ".log-sent";

    /// <summary>
    /// Lays the end of the last attempt aside, with what is known of its log at the server, unless the server has it. Durable when it returns. A state partition that takes no write
    /// loses it, and keeps nothing from being begun.
    /// </summary>
    /// <param name="device">The device; its journal still tells of the last attempt.</param>
    /// <param name="next">The attempt that is about to begin.</param>
    public static void Leave(DevicePorts device, string next)
    {
        try
        {
            var records = new AttemptLog(device).Records;
            if (records is [{ AttemptId: { } last }, ..] && records[^1].Verb == JournalVerb.Ended && last != next && IsOfServer(last) && AttemptReporting.AcknowledgedOn(device.Files) != last)
                Add(device.Files, last, records);
        }
        catch (Exception e) when (MediumFault.IsKnown(e))
        {
            Console.Error.WriteLine($"the end of the attempt before is not kept for the server: {e.Message}");
        }
    }

    /// <summary>Those that are still to be told, the oldest first.</summary>
    public static IReadOnlyList<LeftEnd> Of(IFiles files)
    {
        try
        {
            return [.. Names(files).Select(n => Read(files, n)).OfType<LeftEnd>()];
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            return []; // what cannot be read now may be later
        }
    }

    /// <summary>The server has it. What cannot be removed stays, which harms nobody.</summary>
    public static void Remove(IFiles files, LeftEnd left)
    {
        try
        {
            Remove(files, left.Name);
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            Console.Error.WriteLine($"an end that the server has is not removed: {e.Message}");
        }
    }

    private static void Add(IFiles files, string attempt, IReadOnlyList<JournalRecord> records)
    {
        var names = Names(files);
        var plan = new AttemptFiles(files).TryLoad(records)?.Plan;
        if (names.Any(n => n.EndsWith("-" + attempt, StringComparison.Ordinal)) || JournalView.Report(records, plan, progress: null, trial: false, AttemptBytes.Of(files, records, plan), KernelMessages.Load(files)) is not { } report)
            return;
        files.CreateDirectory(Folder);
        files.FlushDirectory(Places.Hostup);
        string name = string.Create(CultureInfo.InvariantCulture, $"{names.Select(NumberOf).DefaultIfEmpty().Max() + 1:D8}-{attempt}");
        if (files.Exists(LogSending.FilePath))
            AtomicFile.Write(files, PathOf(name, LogSuffix), files.Read(LogSending.FilePath));
        AtomicFile.Write(files, PathOf(name, EndSuffix), JsonSerializer.SerializeToUtf8Bytes(new EndToTell(attempt, report), DeviceJson.Default.EndToTell));
        foreach (string old in names.SkipLast(EndsToTell.Most - 1))
            Remove(files, old);
    }

    private static LeftEnd? Read(IFiles files, string name)
    {
        try
        {
            return JsonSerializer.Deserialize(files.Read(PathOf(name, EndSuffix)), DeviceJson.Default.EndToTell) is { Attempt: not null, Report: not null } end ? new LeftEnd(end, name, PathOf(name, LogSuffix)) : null;
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException)
        {
            return null;
        }
    }

    private static void Remove(IFiles files, string name)
    {
        AtomicFile.Delete(files, PathOf(name, EndSuffix));
        AtomicFile.Delete(files, PathOf(name, LogSuffix));
    }

    private static IReadOnlyList<string> Names(IFiles files) =>
        [.. files.ListFiles(Folder).Where(n => n.EndsWith(EndSuffix, StringComparison.Ordinal)).Select(n => n[..^EndSuffix.Length])];

    private static int NumberOf(string name) => int.TryParse(name.Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;

    private static string PathOf(string name, string suffix) => $"{Folder}/{name}{suffix}";

    // Of one with another id, which somebody made up by hand, no server knows.
    private static bool IsOfServer(string attempt) => attempt.Length == 32 && attempt.All(char.IsAsciiHexDigitLower);
}

/// <summary>The end of an attempt over whose journal another one was begun.</summary>
/// <param name="End">The end.</param>
/// <param name="Name">Its name among those that were left.</param>
/// <param name="LogPath">What the server was sent of its log.</param>
internal sealed record LeftEnd(EndToTell End, string Name, string LogPath);
