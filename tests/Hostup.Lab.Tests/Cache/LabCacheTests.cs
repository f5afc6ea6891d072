using Hostup.Lab.Cache;

namespace Hostup.Lab.Tests.Cache;

public sealed class LabCacheTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hostup-cache-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_thing_is_made_once()
    {
        var cache = new LabCache(_folder.FullName, _ => { });
        int made = 0;

        for (int i = 0; i < 2; i++)
            await cache.GetAsync("kind", "key", folder =>
            {
                made++;
                return File.WriteAllTextAsync(Path.Combine(folder, "file"), "x");
            }, CancellationToken.None);

        Assert.Equal(1, made);
    }

    [Fact]
    public async Task What_was_interrupted_is_made_again_from_nothing()
    {
        var cache = new LabCache(_folder.FullName, _ => { });
        await Assert.ThrowsAsync<InvalidOperationException>(() => cache.GetAsync("kind", "key", folder =>
        {
            File.WriteAllText(Path.Combine(folder, "half"), "x");
            throw new InvalidOperationException("cut");
        }, CancellationToken.None));

        string made = await cache.GetAsync("kind", "key", folder => File.WriteAllTextAsync(Path.Combine(folder, "whole"), "x"), CancellationToken.None);

        Assert.Equal(["whole"], Directory.EnumerateFiles(made).Select(f => Path.GetFileName(f)));
    }

    [Fact]
    public void A_key_changes_with_any_value() =>
        Assert.NotEqual(new CacheKey().Add("a", "b").Add("c", "d").Finish(), new CacheKey().Add("a", "bc").Add("", "d").Finish());
}
