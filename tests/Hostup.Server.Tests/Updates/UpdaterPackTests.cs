using System.Net;
using System.Text;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Delta.Programs;
using Hostup.Server.Blobs;
using Hostup.Server.Deltas;
using Hostup.Server.Updaters;

namespace Hostup.Server.Tests.Updates;

/// <summary>Deltas to device programs: how they are built, and how a target names them.</summary>
public sealed class UpdaterPackTests(TestServer server) : IClassFixture<TestServer>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hostup-packs-").FullName;

    private UpdaterPacks Packs => new(new ServerOptions { DataDirectory = server.Directory });

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory, InlineData(true), InlineData(false)]
    public async Task What_is_built_gives_the_program(bool fromAnother)
    {
        byte[] old = Program(1), target = [.. old.AsSpan(0, 100_000), 1, 2, 3, .. old.AsSpan(100_000)];
        var blobs = new BlobStore(server.Directory);
        var (from, to) = (await blobs.AddAsync(old, default), await blobs.AddAsync(target, default));

        var word = await UpdaterPackBuild.MakeAsync(blobs, fromAnother ? from : null, to, _folder, default);

        byte[] delta = await File.ReadAllBytesAsync(Path.Combine(_folder, DeltaBuild.FileName));
        Assert.Equal((Digest.Of(delta).ToString(), (long)delta.Length), (word.Blob, word.Bytes));
        using var made = new MemoryStream();
        await ProgramDelta.ApplyAsync(new MemoryStream(delta), fromAnother ? blobs.Find(from) : null, made, _folder, target.Length, default);
        Assert.Equal(target, made.ToArray());
        Assert.InRange(delta.Length, 100, fromAnother ? 2000 : target.Length * 8 / 10);
    }

    [Fact]
    public async Task What_is_hardly_smaller_is_not_worth_it_and_what_is_gone_is_said()
    {
        byte[] noise = new byte[50_000];
        new Random(5).NextBytes(noise);
        var blobs = new BlobStore(server.Directory);
        var to = await blobs.AddAsync(noise, default);

        Assert.True((await UpdaterPackBuild.MakeAsync(blobs, null, to, _folder, default)).NotWorth);
        Assert.Equal(HostupErrors.NotFound, (await Assert.ThrowsAsync<HostupException>(() => UpdaterPackBuild.MakeAsync(blobs, null, Digest.Of("gone"u8), _folder, default))).Code);
    }

    [Fact]
    public async Task A_target_names_what_is_ready_and_the_device_fetches_it()
    {
        await server.ReleaseAsync("31.0.0");
        byte[] pack = "pack of program 31"u8.ToArray();
        var from = await PublishAsync(server, "30.0.0");
        var updater = await PublishAsync(server, "31.0.0");
        var device = await server.DeviceAsync();
        await server.UpdateAsync(device, "31.0.0");
        Assert.Null((await device.PollAsync()).Target!.Updater!.Packs);

        var blob = await new BlobStore(server.Directory).AddAsync(pack, default);
        Packs.Refuse(updater, null);
        Packs.Add(updater, new UpdaterPack(from, blob, pack.Length));

        Assert.Equal([new UpdaterPack(from, blob, pack.Length)], (await device.PollAsync()).Target!.Updater!.Packs!);
        Assert.Equal(pack, await device.Http.GetByteArrayAsync($"/device/v1/updaters/{blob}"));
        Assert.True(Packs.IsSettled(updater, null) && Packs.IsSettled(updater, from) && !Packs.IsSettled(blob, null));
    }

    [Fact]
    public async Task A_device_gets_no_delta_to_or_from_a_program_of_another_organisation()
    {
        var other = await server.OrganisationAsync();
        await other.ReleaseAsync("28.0.0");
        var (theirs, common) = (await PublishAsync(server, "27.0.0"), await PublishAsync(server, "28.0.0"));
        Assert.Equal(common, await PublishAsync(other, "28.0.0"));
        var device = await other.DeviceAsync();
        var blobs = new BlobStore(server.Directory);
        var (of, from, whole) = (await blobs.AddAsync("of theirs"u8.ToArray(), default), await blobs.AddAsync("from theirs"u8.ToArray(), default), await blobs.AddAsync("from nothing"u8.ToArray(), default));
        Packs.Add(theirs, new UpdaterPack(null, of, 9));
        Packs.Add(common, new UpdaterPack(theirs, from, 11));

        var attempt = await other.UpdateAsync(device, "28.0.0");
        Assert.Null((await device.PollAsync()).Target!.Updater!.Packs);
        Packs.Add(common, new UpdaterPack(null, whole, 12));

        Assert.Equal([new UpdaterPack(null, whole, 12)], (await device.PollAsync()).Target!.Updater!.Packs!);
        Assert.Equal(HttpStatusCode.OK, (await device.Http.GetAsync($"/device/v1/updaters/{whole}")).StatusCode);
        foreach (var blob in (Digest[])[of, from, theirs])
            Assert.Equal(HttpStatusCode.NotFound, (await device.Http.GetAsync($"/device/v1/updaters/{blob}")).StatusCode);
        Assert.Contains((await other.AttemptAsync(attempt.Id)).Estimate!, b => b is { Cause: "updater", Received: 12 });
        Assert.Equal(HttpStatusCode.OK, (await (await server.DeviceAsync()).Http.GetAsync($"/device/v1/updaters/{from}")).StatusCode);
    }

    private static async Task<Digest> PublishAsync(TestServer server, string version)
    {
        byte[] program = Encoding.UTF8.GetBytes("program " + version);
        var statement = new UpdaterStatement { Version = version, Digest = Digest.Of(program), Size = program.Length, Platform = "linux-x64" };
        (await server.Operator.PutAsync($"/api/v1/updaters/programs/{statement.Digest}", new ByteArrayContent(program))).EnsureSuccessStatusCode();
        (await server.Operator.PostAsync("/api/v1/updaters", new ByteArrayContent(Envelope.Sign(UpdaterStatement.PayloadType, statement.ToJson(), server.SigningKey).ToJson()))).EnsureSuccessStatusCode();
        return statement.Digest;
    }

    /// <summary>Packs to about half.</summary>
    private static byte[] Program(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, 300_000).Select(_ => (byte)random.Next(24))];
    }
}
