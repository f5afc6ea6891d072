namespace Hostup.Lab.Images;

/// <summary>The modules of one kernel, read from its modules.dep.</summary>
public sealed class KernelModules
{
    private readonly Dictionary<string, (string Path, string[] Needs)> _byName;
    private readonly string _folder;

    private KernelModules(string folder, Dictionary<string, (string, string[])> byName)
    {
        _folder = folder;
        _byName = byName;
    }

    /// <summary>Reads the modules of the one kernel in a root tree.</summary>
    public static KernelModules Read(string root)
    {
        string folder = Directory.GetDirectories(Path.Combine(root, "usr/lib/modules")).Single();
        var byName = new Dictionary<string, (string, string[])>();
        foreach (string line in File.ReadLines(Path.Combine(folder, "modules.dep")))
        {
            string[] halves = line.Split(':', 2);
            byName[NameOf(halves[0])] = (halves[0], halves[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }
        return new KernelModules(folder, byName);
    }

    /// <summary>The files of these modules and of all they need, in the order in which they can be loaded. Built-in names are passed over.</summary>
    public IReadOnlyList<string> InLoadOrder(IEnumerable<string> names)
    {
        var order = new List<string>();
        foreach (string name in names)
            Visit(name, order);
        return [.. order.Select(path => Path.Combine(_folder, path))];
    }

    private void Visit(string name, List<string> order)
    {
        if (!_byName.TryGetValue(name, out var module) || order.Contains(module.Path))
            return;
        // modules.dep lists what must be loaded last first
        foreach (string need in module.Needs.Reverse())
            Visit(NameOf(need), order);
        if (!order.Contains(module.Path))
            order.Add(module.Path);
    }

    private static string NameOf(string path) => Path.GetFileName(path).Split('.')[0].Replace('-', '_');
}
