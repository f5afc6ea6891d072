using Hostup.Core.Errors;

namespace Hostup.Lab.Testing;

/// <summary>The checkout that this program was built from.</summary>
public static class SourceTree
{
    /// <summary>Its folder: the nearest one above the program with the solution in it.</summary>
    /// <exception cref="HostupException"><c>lab</c> when the program was copied elsewhere.</exception>
    public static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Hostup.slnx")))
                return folder.FullName;
        }
        throw new HostupException(HostupErrors.Lab, "cannot find the source tree", $"no Hostup.slnx above {AppContext.BaseDirectory}", "run it from a checkout with ./hostup-lab");
    }
}
