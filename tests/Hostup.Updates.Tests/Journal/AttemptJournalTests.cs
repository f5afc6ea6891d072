using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;

namespace Hostup.Updates.Tests.Journal;

public sealed class AttemptJournalTests
{
    private readonly SimDevice _device = new(SimRelease.Make("1.0.0", SimBehaviour.Good), SimRelease.Make("2.0.0", SimBehaviour.Good));

    private AttemptJournal Journal => new(_device.Files);

    [Fact]
    public void What_was_appended_reads_back_in_order()
    {
        Journal.Open(Opened("a"));
        Journal.Append(New(JournalVerb.Started, "write-slot"));

        Assert.Equal([JournalVerb.Opened, JournalVerb.Started], Journal.Read().Select(r => r.Verb));
    }

    [Fact]
    public void A_torn_tail_reads_as_if_it_was_not_there()
    {
        Journal.Open(Opened("a"));
        int whole = EndOfRecords();
        Journal.Append(New(JournalVerb.Started, "write-slot"));
        int end = EndOfRecords();

        for (int from = whole; from < end; from++)
        {
            byte[] file = _device.Files.Read(Places.Journal);
            byte was = file[from];
            _device.Files.Overwrite(Places.Journal, from, [(byte)~was]);

            Assert.Single(Journal.Read());
            _device.Files.Overwrite(Places.Journal, from, [was]);
        }
        Assert.Equal(2, Journal.Read().Count);
    }

    [Fact]
    public void Records_of_an_older_attempt_are_no_part_of_the_next()
    {
        Journal.Open(Opened("a"));
        for (int i = 0; i < 20; i++)
            Journal.Append(New(JournalVerb.Started, $"step {i}"));
        Journal.Append(New(JournalVerb.Ended, null));

        Journal.Open(Opened("b"));

        Assert.Equal("b", Assert.Single(Journal.Read()).AttemptId);
    }

    [Fact]
    public void A_loop_fills_the_journal_and_the_attempt_can_still_be_ended()
    {
        Journal.Open(Opened("a"));
        var full = Assert.Throws<HostupException>(() =>
        {
            for (int i = 0; i < 1000; i++)
                Journal.Append(New(JournalVerb.Resumed, null));
        });

        Journal.Append(New(JournalVerb.Failed, "resume") with { Message = new string('x', 400) });
        Journal.Append(New(JournalVerb.Undone, "stop-supervisor"));
        Journal.Append(New(JournalVerb.Ended, null));

        Assert.Equal(HostupErrors.Journal, full.Code);
        Assert.Equal(JournalVerb.Ended, Journal.Read()[^1].Verb);
    }

    [Theory]
    [InlineData(JournalVerb.Undone, 0)]
    [InlineData(JournalVerb.Failed, 400)]
    public void Whatever_fills_the_journal_the_end_has_its_place(JournalVerb verb, int messageLength)
    {
        Journal.Open(Opened("a"));
        Assert.Throws<HostupException>(() =>
        {
            for (int i = 0; i < 1000; i++)
                Journal.Append(New(verb, "write-boot-files") with { Message = new string('x', messageLength) });
        });

        Journal.Append(New(JournalVerb.Ended, null) with { Outcome = "failed", Code = "rolled-back-health", Message = new string('\u00e9', 400) });

        Assert.Equal(JournalVerb.Ended, Journal.Read()[^1].Verb);
    }

    [Fact]
    public void Random_bytes_read_as_no_journal()
    {
        var random = new Random(20261121);
        for (int i = 0; i < 200; i++)
        {
            byte[] bytes = new byte[AttemptJournal.FileBytes - 4096];
            random.NextBytes(bytes);
            _device.Files.Overwrite(Places.Journal, 4096, bytes);

            Assert.Empty(Journal.Read());
        }
    }

    private int EndOfRecords()
    {
        byte[] file = _device.Files.Read(Places.Journal);
        return Array.FindLastIndex(file, b => b != 0) + 1;
    }

    private static JournalRecord Opened(string attempt) => New(JournalVerb.Opened, null) with { AttemptId = attempt, Plan = Digest.Of("p"u8) };

    private static JournalRecord New(JournalVerb verb, string? step) => new() { Verb = verb, Step = step, BootId = "b", At = DateTimeOffset.UnixEpoch };
}
