using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Deltas;

namespace Hostup.Server.Tests.Deltas;

public sealed class DeltaJobsTests
{
    private static readonly TimeSpan BehindLease = DeltaJobs.Lease + TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Whoever_asks_at_once_gets_the_one_delta()
    {
        await using var jobs = await JobsDatabase.CreateAsync();

        var asked = await Task.WhenAll(Enumerable.Range(0, 16).Select(n => Task.Run(() => jobs.AskAsync(1, 2, urgent: n % 4 == 0))));

        Assert.Single(asked.Select(d => d.Id).Distinct());
        Assert.Equal(1, await jobs.CountAsync());
        Assert.NotEqual(asked[0].Id, (await jobs.AskAsync(1, 3)).Id);
        Assert.NotEqual(asked[0].Id, (await jobs.AskAsync(2, 3)).Id);
    }

    [Fact]
    public async Task No_two_workers_take_one_delta()
    {
        await using var jobs = await JobsDatabase.CreateAsync();
        for (int to = 2; to <= 6; to++)
            await jobs.AskAsync(1, to);

        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(() => jobs.TakeAsync($"worker {n}"))));

        Assert.Equal(5, taken.OfType<DeltaRow>().Select(d => d.Id).Distinct().Count());
        Assert.Equal(3, taken.Count(d => d is null));
    }

    [Fact]
    public async Task The_delta_of_a_worker_that_was_killed_is_taken_again_and_what_it_says_late_changes_nothing()
    {
        await using var jobs = await JobsDatabase.CreateAsync();
        string id = (await jobs.AskAsync(1, 2)).Id;
        await jobs.TakeAsync("killed");
        Assert.Null(await jobs.TakeAsync("early"));

        jobs.Time.Pass(BehindLease);
        var again = await jobs.TakeAsync("next");

        Assert.Equal((id, "next", 2), (again!.Id, again.LeaseOwner, again.Tries));
        Assert.False(await jobs.WithAsync(j => j.RenewAsync(id, "killed", 0.9, default)));
        Assert.False(await jobs.WithAsync(j => j.ReadyAsync(id, "killed", "sha256:1", "sha256:2", 1, 1, default)));
        Assert.False(await jobs.WithAsync(j => j.NotWorthAsync(id, "killed", 1, 1, default)));
        Assert.False(await jobs.WithAsync(j => j.FailAsync(again, "killed", Fault, mayHelp: false, default)));
        Assert.False(await jobs.WithAsync(j => j.GiveBackAsync(id, "killed", default)));
        var row = await jobs.ReadAsync(id);
        Assert.Equal((DeltaStates.Building, "next", 0.0), (row.State, row.LeaseOwner, row.Progress));
    }

    [Fact]
    public async Task A_worker_that_says_that_it_lives_keeps_its_delta_and_its_progress_is_seen()
    {
        await using var jobs = await JobsDatabase.CreateAsync();
        string id = (await jobs.AskAsync(1, 2)).Id;
        await jobs.TakeAsync("slow");
        for (int quarter = 1; quarter <= 3; quarter++)
        {
            long serial = (await jobs.ReadAsync(id)).Serial;
            jobs.Time.Pass(DeltaJobs.Lease - TimeSpan.FromSeconds(1));

            Assert.True(await jobs.WithAsync(j => j.RenewAsync(id, "slow", quarter / 4.0, default)));

            var row = await jobs.ReadAsync(id);
            Assert.Equal(quarter / 4.0, row.Progress);
            Assert.True(row.Serial > serial);
            Assert.Null(await jobs.TakeAsync("other"));
        }
        Assert.True(await jobs.WithAsync(j => j.ReadyAsync(id, "slow", "sha256:1", "sha256:2", 10, 3, default)));
        Assert.Equal((DeltaStates.Ready, 1.0, 1), ((await jobs.ReadAsync(id)).State, (await jobs.ReadAsync(id)).Progress, (await jobs.ReadAsync(id)).Tries));
    }

    [Fact]
    public async Task After_three_workers_that_went_without_a_word_it_has_failed()
    {
        await using var jobs = await JobsDatabase.CreateAsync();
        string id = (await jobs.AskAsync(1, 2)).Id;
        for (int number = 1; number <= DeltaJobs.MaxTries; number++)
        {
            Assert.Equal(number, (await jobs.TakeAsync($"worker {number}"))!.Tries);
            jobs.Time.Pass(BehindLease);
        }

        Assert.Null(await jobs.TakeAsync("one more"));

        var row = await jobs.ReadAsync(id);
        Assert.Equal((DeltaStates.Failed, HostupErrors.Program.Id), (row.State, row.ErrorCode));
        Assert.NotNull(row.EndedAt);
    }

    [Fact]
    public async Task A_failure_that_another_try_may_mend_is_tried_three_times_and_any_other_once()
    {
        await using var jobs = await JobsDatabase.CreateAsync();
        string mendable = (await jobs.AskAsync(1, 2)).Id;
        var states = new List<string>();
        for (int number = 1; number <= DeltaJobs.MaxTries; number++)
        {
            var taken = (await jobs.TakeAsync($"worker {number}"))!;
            Assert.True(await jobs.WithAsync(j => j.FailAsync(taken, taken.LeaseOwner!, Fault, mayHelp: true, default)));
            states.Add((await jobs.ReadAsync(mendable)).State);
        }
        string hopeless = (await jobs.AskAsync(1, 3)).Id;
        var once = (await jobs.TakeAsync("worker"))!;
        Assert.True(await jobs.WithAsync(j => j.FailAsync(once, "worker", Fault, mayHelp: false, default)));

        Assert.Equal([DeltaStates.Queued, DeltaStates.Queued, DeltaStates.Failed], states);
        var row = await jobs.ReadAsync(hopeless);
        Assert.Equal((DeltaStates.Failed, 1, Fault.Message), (row.State, row.Tries, row.Error));
        Assert.Null(await jobs.TakeAsync("one more"));
    }

    [Fact]
    public async Task A_worker_that_ends_before_its_time_gives_back_the_delta_and_the_try()
    {
        await using var jobs = await JobsDatabase.CreateAsync();
        string id = (await jobs.AskAsync(1, 2)).Id;
        await jobs.TakeAsync("ends");

        Assert.True(await jobs.WithAsync(j => j.GiveBackAsync(id, "ends", default)));

        Assert.Equal((id, 1), ((await jobs.TakeAsync("next"))!.Id, (await jobs.ReadAsync(id)).Tries));
    }

    [Fact]
    public async Task What_an_operator_asks_for_goes_first_and_is_built_again_where_it_failed()
    {
        await using var jobs = await JobsDatabase.CreateAsync();
        string first = (await jobs.AskAsync(1, 2)).Id;
        jobs.Time.Pass(TimeSpan.FromSeconds(1));
        string second = (await jobs.AskAsync(1, 3)).Id;

        Assert.Equal(second, (await jobs.AskAsync(1, 3, urgent: true)).Id);
        var taken = (await jobs.TakeAsync("worker"))!;
        Assert.Equal(second, taken.Id);
        await jobs.WithAsync(j => j.FailAsync(taken, "worker", Fault, mayHelp: false, default));
        Assert.Equal(DeltaStates.Failed, (await jobs.AskAsync(1, 3)).State);
        Assert.Equal((DeltaStates.Queued, 0), ((await jobs.AskAsync(1, 3, urgent: true)).State, (await jobs.ReadAsync(second)).Tries));
        Assert.Equal(second, (await jobs.TakeAsync("worker again"))!.Id);
        Assert.Equal(first, (await jobs.TakeAsync("another"))!.Id);
    }

    private static HostupException Fault => new(HostupErrors.DigestMismatch, "cannot build it", "it is wrong", "mend it");
}
