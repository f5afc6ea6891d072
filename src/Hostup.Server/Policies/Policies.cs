using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Audit;
using Hostup.Server.Database;
using Hostup.Server.Updates;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Policies;

/// <summary>What operators say of the policy: for all devices, for one, for one attempt. The narrower goes before the wider.</summary>
internal sealed class Policies(HostupDb db, AttemptNews news, AuditLog audit, ServerOptions options, TimeProvider time)
{
    /// <summary>What is said for all devices of an organisation.</summary>
    public async Task<PolicySettings> ForAllAsync(string organisation, CancellationToken ct) =>
        Read(await db.Organisations.Where(o => o.Id == organisation).Select(o => o.Policy).SingleAsync(ct));

    /// <summary>How long a device is to pause between two polls.</summary>
    /// <param name="organisation">That of the device.</param>
    /// <param name="ofDevice">What is said for the device, as it is stored.</param>
    /// <param name="ct">Ends the question.</param>
    public async Task<TimeSpan> PollIntervalAsync(string organisation, string? ofDevice, CancellationToken ct) => PollInterval(ofDevice, await ForAllAsync(organisation, ct));

    /// <summary>The same for one of many devices: what is said for all is looked up once.</summary>
    /// <param name="ofDevice">What is said for the device, as it is stored.</param>
    /// <param name="forAll">What is said for all devices of its organisation.</param>
    public TimeSpan PollInterval(string? ofDevice, PolicySettings forAll) =>
        Read(ofDevice).Over(forAll).PollSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : options.PollInterval;

    /// <summary>Says it for all devices of an organisation; it takes the place of what was said before.</summary>
    /// <exception cref="HostupException"><c>bad-value</c>.</exception>
    public async Task SetForAllAsync(string organisation, PolicySettings settings, CancellationToken ct)
    {
        string text = Write(settings);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await db.Organisations.Where(o => o.Id == organisation).ExecuteUpdateAsync(s => s.SetProperty(o => o.Policy, text), ct);
        await audit.AddAsync("policy", text, ct);
        await transaction.CommitAsync(ct);
    }

    /// <summary>Says it for one device.</summary>
    /// <exception cref="HostupException"><c>bad-value</c>.</exception>
    public async Task SetForDeviceAsync(string uuid, PolicySettings settings, CancellationToken ct)
    {
        string text = Write(settings);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await db.Devices.Where(d => d.Uuid == uuid).ExecuteUpdateAsync(s => s.SetProperty(d => d.Policy, text), ct);
        await audit.AddAsync($"device {uuid}", text, ct);
        await transaction.CommitAsync(ct);
    }

    /// <summary>Says it for one attempt that has not ended; the device hears of it at its next poll.</summary>
    /// <exception cref="HostupException"><c>bad-value</c>, <c>not-found</c>, <c>conflict</c>.</exception>
    public async Task SetForAttemptAsync(Scope scope, string id, PolicySettings settings, CancellationToken ct)
    {
        string text = Write(settings);
        var attempt = await db.AttemptsOf(scope).AsNoTracking().SingleOrDefaultAsync(a => a.Id == id, ct) ?? throw UpdateEndpoints.NoAttempt(id);
        var now = time.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        int changed = await db.Attempts.Where(a => a.Id == id && a.EndedAt == null).ExecuteUpdateAsync(
            s => s.SetProperty(a => a.Policy, text).SetProperty(a => a.ChangedAt, now).SetProperty(a => a.Serial, a => a.Serial + 1), ct);
        if (changed == 0)
            throw new HostupException(HostupErrors.Conflict, $"cannot change the policy of attempt {id}", $"it has ended: {attempt.State}", "start another update");
        db.AttemptEvents.Add(new AttemptEventRow { AttemptId = id, At = now, State = attempt.State, Message = "the operator changed the policy" });
        await audit.AddAsync($"attempt {id}", text, ct);
        await transaction.CommitAsync(ct);
        news.Tell(id);
    }

    /// <summary>Reads what is stored; nothing said when nothing is.</summary>
    public static PolicySettings Read(string? text) => text is null ? new PolicySettings() : JsonSerializer.Deserialize(text, WireJson.Default.PolicySettings)
        ?? throw new InvalidOperationException("bug: a stored policy is null");

    /// <summary>Text to be stored.</summary>
    /// <exception cref="HostupException"><c>bad-value</c>.</exception>
    public static string Write(PolicySettings settings)
    {
        settings.Require();
        return JsonSerializer.Serialize(settings, WireJson.Default.PolicySettings);
    }
}
