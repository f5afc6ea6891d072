using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Updates.Files;

namespace Hostup.Updates.Journal;

/// <summary>
/// The journal of the last attempt: one preallocated file, overwritten in place, never truncated or renamed. A record is durable when
/// <see cref="Append"/> returns, and is not there when it throws. A torn tail reads as if it was not there. docs/update-run.md describes the bytes.
/// </summary>
/// <remarks>
/// A record is two bytes of length, eight bytes of check (the head of a SHA-256 over attempt id, index and payload) and the payload, JSON.
/// The attempt id in the check makes leftovers of an older attempt read as the end.
/// </remarks>
public sealed class AttemptJournal(IFiles files)
{
    /// <summary>Length of the file, bytes.</summary>
    public const int FileBytes = 64 << 10;

    /// <summary>Records an attempt may have; more is a loop.</summary>
    public const int MaxRecords = 200;

    // Sectors before the records are kept for the header and for progress inside a step.
    private const int RecordsOffset = 4096;
    private const int FrameBytes = 10;

    // A failure and each step taken back once.
    private const int ClosingRecords = 20;

    // The longest end: 400 characters of message at six bytes each, and what is around them.
    private const int EndBytes = 4096;
    private static readonly byte[] Magic = Encoding.ASCII.GetBytes("HOSTUPJ1");

    // What was read last time: as far as the file still has the same bytes, it still has the same records.
    private readonly Lock _one = new();
    private readonly List<JournalRecord> _known = [];
    private byte[] _read = [];
    private int _end = RecordsOffset;

    /// <summary>Makes the file, of full length, when it is not there. Done at provisioning or by the agent, never during an attempt.</summary>
    public void Prepare()
    {
        if (files.Length(Places.Journal) == FileBytes)
            return;
        files.CreateDirectory(Places.Hostup);
        byte[] empty = new byte[FileBytes];
        Magic.CopyTo(empty, 0);
        AtomicFile.Write(files, Places.Journal, empty);
    }

    /// <summary>All records of the last attempt, first to last; empty when there never was one.</summary>
    public IReadOnlyList<JournalRecord> Read() => Scan().Records;

    /// <summary>Begins the journal of a new attempt. The previous one must be over.</summary>
    /// <exception cref="HostupException"><c>journal</c> when the state partition takes no write.</exception>
    public void Open(JournalRecord first)
    {
        try
        {
            Prepare();
        }
        catch (IOException e)
        {
            throw NotWritten("cannot write the journal of the attempt", e.Message, e);
        }
        var (records, _, all) = Scan();
        if (records is [.., { Verb: not JournalVerb.Ended }])
            throw new InvalidOperationException("bug: a journal is opened while an attempt is open");
        Write(RecordsOffset, Frame(first, first.AttemptId!, 0), all);
    }

    /// <summary>Adds a record to the open attempt. Durable when it returns.</summary>
    /// <exception cref="HostupException"><c>journal</c> when there is no space left, or the state partition takes no write.</exception>
    public void Append(JournalRecord record)
    {
        var (records, end, all) = Scan();
        if (records is [])
            throw new InvalidOperationException("bug: a record without an attempt");
        byte[] frame = Frame(record, records[0].AttemptId!, records.Count);
        // What takes an attempt back has records of its own, and its end always fits, behind whatever an older program wrote.
        var (last, most) = record.Verb switch
        {
            JournalVerb.Ended => (FileBytes, int.MaxValue),
            JournalVerb.Undone or JournalVerb.Failed => (FileBytes - EndBytes, MaxRecords),
            _ => (FileBytes - EndBytes, MaxRecords - ClosingRecords),
        };
        if (end + frame.Length > last || records.Count >= most)
            throw new HostupException(HostupErrors.Journal, "cannot go on with the attempt", $"its journal is full with {records.Count} records", "start a new attempt");
        Write(end, frame, all);
    }

    /// <summary>Whether this says that the state partition does not take what must be kept there.</summary>
    internal static bool IsNotWritten(Exception e) => e is IOException || (e is HostupException { InnerException: IOException } known && known.Code == HostupErrors.Journal);

    /// <summary>The state partition does not take what must be kept there.</summary>
    internal static HostupException NotWritten(string what, string why, Exception inner) =>
        new(HostupErrors.Journal, what, why, "look at the kernel log for errors of the state partition; it is tried again at the next start and after a reboot", inner);

    /// <summary>What could not be flushed is seen until the next boot all the same: it is taken back, so that nobody goes by a record that a reboot takes away.</summary>
    private void Write(int offset, byte[] frame, byte[] before)
    {
        try
        {
            files.Overwrite(Places.Journal, offset, frame);
            files.Flush(Places.Journal);
        }
        catch (IOException e)
        {
            try
            {
                files.Overwrite(Places.Journal, offset, before.AsSpan(offset, frame.Length));
            }
            catch (IOException)
            {
                // Then it takes no write at all, and the record is not in it.
            }
            throw NotWritten("cannot write the journal of the attempt", e.Message, e);
        }
    }

    private (IReadOnlyList<JournalRecord> Records, int End, byte[] All) Scan()
    {
        if (files.Length(Places.Journal) != FileBytes)
            return ([], RecordsOffset, []);
        lock (_one)
        {
            byte[] all = files.Read(Places.Journal);
            if (_known is not [] && !all.AsSpan(RecordsOffset.._end).SequenceEqual(_read.AsSpan(RecordsOffset.._end)))
            {
                _known.Clear();
                _end = RecordsOffset;
            }
            while (TryFrame(all.AsSpan(_end), _known is [] ? null : _known[0].AttemptId, _known.Count) is var (record, length))
            {
                _known.Add(record);
                _end += length;
            }
            if (_read.Length != _end)
                _read = all[.._end];
            return ([.. _known], _end, all);
        }
    }

    private static (JournalRecord, int)? TryFrame(ReadOnlySpan<byte> from, string? attemptId, int index)
    {
        if (from.Length < FrameBytes)
            return null;
        int length = BinaryPrimitives.ReadUInt16LittleEndian(from);
        if (length == 0 || length > from.Length - FrameBytes)
            return null;
        var payload = from.Slice(FrameBytes, length);
        try
        {
            // The first record names the attempt itself; it may be half new and half old, so its JSON may not parse.
            var record = attemptId is null || from.Slice(2, 8).SequenceEqual(Check(payload, attemptId, index))
                ? JsonSerializer.Deserialize(payload, StateJson.Default.JournalRecord)
                : null;
            return record is not null && from.Slice(2, 8).SequenceEqual(Check(payload, attemptId ?? record.AttemptId ?? "", index))
                ? (record, FrameBytes + length)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[] Frame(JournalRecord record, string attemptId, int index)
    {
        byte[] payload = JsonSerializer.SerializeToUtf8Bytes(record, StateJson.Default.JournalRecord);
        byte[] frame = new byte[FrameBytes + payload.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(frame, checked((ushort)payload.Length));
        Check(payload, attemptId, index).CopyTo(frame.AsSpan(2));
        payload.CopyTo(frame.AsSpan(FrameBytes));
        return frame;
    }

    private static ReadOnlySpan<byte> Check(ReadOnlySpan<byte> payload, string attemptId, int index)
    {
        byte[] checkedBytes = [.. Encoding.UTF8.GetBytes($"{attemptId}/{index}/"), .. payload];
        return SHA256.HashData(checkedBytes).AsSpan(0, 8);
    }
}
