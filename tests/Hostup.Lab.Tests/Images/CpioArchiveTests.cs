using Hostup.Lab.Images;
using Hostup.Lab.Programs;

namespace Hostup.Lab.Tests.Images;

public sealed class CpioArchiveTests
{
    [Fact]
    public async Task Busybox_lists_what_was_added()
    {
        var busybox = new Tool("busybox");
        Assert.SkipWhen(busybox.Path is null, "missing Debian package: busybox-static");
        var folder = Directory.CreateTempSubdirectory("hostup-cpio-");
        try
        {
            string path = Path.Combine(folder.FullName, "archive");
            await using (var file = File.Create(path))
            {
                var archive = new CpioArchive(file);
                archive.AddFolder("bin");
                archive.AddProgram("bin/one", [1, 2, 3]);
                archive.AddLink("init", "bin/one");
                archive.Finish();
            }

            string listed = await busybox.RunAsync(["cpio", "-t", "-F", path], CancellationToken.None);

            Assert.Equal("bin\nbin/one\ninit\n", listed);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
