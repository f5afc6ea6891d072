using System.CommandLine;
using Hostup.Lab.Images;
using Hostup.Lab.Packages;

namespace Hostup.Lab.Commands;

/// <summary>Commands that install what the lab needs and make host OS releases.</summary>
internal static class BuildCommands
{
    public static Command Tools()
    {
        var install = new Command("install", "install the Debian packages that the lab needs");
        install.SetAction((_, ct) => RequiredTools.InstallMissingAsync(Console.Error.WriteLine, ct));
        return new Command("tools", "programs that the lab needs") { install };
    }

    public static Command Package()
    {
        var target = new Option<string>("--out") { Description = "Folder that receives it", DefaultValueFactory = _ => "." };
        var machine = new Option<string>("--platform") { Description = $"Machine: {string.Join(", ", PackagePlatform.All.Select(p => p.Name))}", DefaultValueFactory = _ => PackagePlatform.Amd64.Name };
        var ready = new Option<string?>("--program") { Description = "The program, published elsewhere for that machine" };
        var package = new Command("package", "make the Debian package of the device program and print its path") { target, machine, ready };
        package.SetAction(async (parsed, ct) =>
        {
            var lab = LabEnvironment.OfThisProcess(Console.Error.WriteLine);
            var platform = PackagePlatform.Of(parsed.GetValue(machine)!);
            var work = Directory.CreateTempSubdirectory("hostup-package-");
            try
            {
                var made = await MakeAsync(lab, platform, parsed.GetValue(ready), work.FullName, ct);
                string path = Path.Combine(Path.GetFullPath(parsed.GetValue(target)!), Path.GetFileName(made.File));
                File.Copy(made.File, path, overwrite: true);
                Console.WriteLine(path);
            }
            finally
            {
                work.Delete(recursive: true);
            }
        });
        return package;
    }

    private static async Task<DevicePackage> MakeAsync(LabEnvironment lab, PackagePlatform platform, string? program, string work, CancellationToken ct)
    {
        if (program is null)
            return await DevicePackage.BuildAsync(lab, HostOsRelease.New.ProgramVersion, platform, ct);
        platform.Require(program);
        return await DevicePackage.MakeAsync(program, Path.Combine(lab.RepositoryRoot, "deploy/device"), HostOsRelease.New.ProgramVersion, platform, work, ct);
    }

    public static Command Image()
    {
        var which = new Argument<string>("RELEASE") { Description = "old or new" };
        which.AcceptOnlyFromAmong("old", "new");
        var image = new Command("image", "make a release of the lab's host OS as an image layout and print its folder") { which };
        image.SetAction(async (parsed, ct) =>
        {
            var lab = LabEnvironment.OfThisProcess(Console.Error.WriteLine);
            await RequiredTools.InstallMissingAsync(lab.Progress, ct);
            var release = parsed.GetValue(which) == "old" ? HostOsRelease.Old : HostOsRelease.New;
            var tree = await HostOsTree.BuildAsync(lab, release, await HostOsTree.DeviceProgramAsync(lab, release, ct), ct);
            var made = await HostOsImage.BuildAsync(lab, tree, ct);
            lab.Progress($"release {release.OsVersion}, kernel {tree.KernelVersion}, name {made.Name}");
            Console.WriteLine(made.LayoutFolder);
        });
        return image;
    }
}
