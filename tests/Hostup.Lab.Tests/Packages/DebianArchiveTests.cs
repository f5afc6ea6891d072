using Hostup.Core.Errors;
using Hostup.Lab.Packages;

namespace Hostup.Lab.Tests.Packages;

public sealed class DebianArchiveTests : IDisposable
{
    private readonly DirectoryInfo _apt = Directory.CreateTempSubdirectory("hostup-apt-");

    public void Dispose() => _apt.Delete(recursive: true);

    [Fact]
    public void One_line_sources_are_read()
    {
        Write("sources.list", "# deb http://ignored.example/debian bookworm main\ndeb [arch=amd64] http://mirror.example/debian/ bookworm main\n"
            + "deb http://mirror.example/debian-security bookworm-security main\n");

        Assert.Equal(new DebianArchive("http://mirror.example/debian", "http://mirror.example/debian-security"), DebianArchive.FromAptSources(_apt.FullName));
    }

    [Fact]
    public void Deb822_sources_are_read_and_other_archives_are_passed_over()
    {
        Write("sources.list.d/other.list", "deb http://packages.example/apt stable main\n");
        Write("sources.list.d/debian.sources", "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\n");

        var archive = DebianArchive.FromAptSources(_apt.FullName);

        Assert.Equal(["deb http://mirror.example/debian bookworm main", "deb http://mirror.example/debian-security bookworm-security main"],
            archive.SourceLines(["bookworm", "bookworm-security"]));
    }

    [Fact]
    public void A_machine_without_a_Debian_archive_is_told_so() =>
        Assert.Contains("no address ending in /debian", Assert.Throws<HostupException>(() => DebianArchive.FromAptSources(_apt.FullName)).Message, StringComparison.Ordinal);

    private void Write(string name, string text)
    {
        string path = Path.Combine(_apt.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
