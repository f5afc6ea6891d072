using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>Logs of attempts: parts in a row, without gaps, bounded.</summary>
internal sealed class AttemptLogs(HostupDb db, AttemptNews news)
{
    /// <summary>Largest part of one request.</summary>
    public const int MaxPartBytes = 64 << 10;

    /// <summary>Largest log of one attempt, as much as the device keeps itself.</summary>
    public const long MaxBytes = 1 << 20;

    private const int TailBytes = 16 << 10;

    /// <summary>Adds a part; what is there already is passed over, what is above the bound is dropped.</summary>
    /// <exception cref="HostupException"><c>conflict</c> when bytes are missing before the part.</exception>
    public async Task<LogAnswer> AppendAsync(AttemptRow attempt, long offset, byte[] part, CancellationToken ct)
    {
        long have = attempt.LogBytes;
        if (offset < 0 || offset > have)
            throw new HostupException(HostupErrors.Conflict, $"cannot add to the log of attempt {attempt.Id}", $"the part begins at byte {offset}, the log has {have}", $"send it from byte {have}");
        long end = Math.Min(offset + part.Length, MaxBytes);
        if (end > have)
        {
            byte[] fresh = part[(int)(have - offset)..(int)(end - offset)];
            await using var transaction = await db.Database.BeginTransactionAsync(ct);
            // another request of this device was faster: its bytes count
            if (await db.Attempts.Where(a => a.Id == attempt.Id && a.LogBytes == have).ExecuteUpdateAsync(s => s.SetProperty(a => a.LogBytes, end).SetProperty(a => a.Serial, a => a.Serial + 1), ct) == 0)
                return new LogAnswer(await db.Attempts.Where(a => a.Id == attempt.Id).Select(a => a.LogBytes).SingleAsync(ct), false);
            db.AttemptLogParts.Add(new AttemptLogPartRow { AttemptId = attempt.Id, OffsetBytes = have, Content = fresh });
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
            have = end;
            news.Tell(attempt.Id);
        }
        return new LogAnswer(have, have >= MaxBytes);
    }

    /// <summary>The last lines of a log, without one that is cut at its beginning.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="lines">How many lines at most.</param>
    /// <param name="ct">Ends the question.</param>
    public async Task<IReadOnlyList<string>> TailAsync(AttemptRow attempt, int lines, CancellationToken ct)
    {
        long from = Math.Max(0, attempt.LogBytes - TailBytes);
        // a part has at most so many bytes: one that begins earlier ends before
        long first = from - MaxPartBytes;
        var parts = await db.AttemptLogParts.AsNoTracking().Where(p => p.AttemptId == attempt.Id && p.OffsetBytes > first).OrderBy(p => p.OffsetBytes).ToListAsync(ct);
        byte[] bytes = [.. parts.SelectMany(p => p.Content.Skip((int)Math.Clamp(from - p.OffsetBytes, 0, p.Content.Length)))];
        var all = Encoding.UTF8.GetString(bytes).TrimEnd('\n').Split('\n').Skip(from > 0 ? 1 : 0);
        return bytes.Length == 0 ? [] : [.. all.TakeLast(lines)];
    }

    /// <summary>The log from a byte on.</summary>
    public async Task<byte[]> ReadAsync(string attemptId, long offset, CancellationToken ct)
    {
        var parts = await db.AttemptLogParts.AsNoTracking().Where(p => p.AttemptId == attemptId).OrderBy(p => p.OffsetBytes).ToListAsync(ct);
        return [.. parts.SelectMany(p => p.Content.Skip((int)Math.Clamp(offset - p.OffsetBytes, 0, p.Content.Length)))];
    }
}
