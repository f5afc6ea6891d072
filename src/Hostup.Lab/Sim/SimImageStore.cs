using Hostup.Core.Releases;

namespace Hostup.Lab.Sim;

/// <summary>The images in a simulated engine, by local name, and the containers that keep them. A supervisor that starts prunes what no container keeps, as a real one does.</summary>
public sealed class SimImageStore
{
    // The supervisor that a device is provisioned with came with the image of its OS.
    private readonly HashSet<string> _names = [$"sim/supervisor:{SimSupervisor.First}"];
    private readonly HashSet<string> _digests = [];
    private readonly HashSet<string> _gone = [];
    private readonly Dictionary<string, string> _keepers = [];

    /// <summary>Whether it holds an image, this very one by its digest.</summary>
    public bool Has(EngineImageName image) => _names.Contains(image.LocalName) && _digests.Contains(image.ToString());

    /// <summary>An image was pulled.</summary>
    public void Add(EngineImageName image)
    {
        _names.Add(image.LocalName);
        _digests.Add(image.ToString());
        _gone.Remove(image.LocalName);
    }

    /// <summary>A container that is never started keeps an image from now on; one of that name goes first.</summary>
    /// <returns>Whether the image is there.</returns>
    public bool Keep(string container, string name)
    {
        _keepers.Remove(container);
        return _names.Contains(name) && _keepers.TryAdd(container, name);
    }

    /// <summary>Somebody removes an image, whoever keeps it.</summary>
    public void Remove(string name)
    {
        if (_names.Remove(name))
            _gone.Add(name);
    }

    /// <summary>A supervisor starts from an image and prunes the others. One that never was here was brought by somebody else.</summary>
    /// <returns>Whether its image is there.</returns>
    internal bool Start(string name)
    {
        if (_gone.Contains(name))
            return false;
        _names.Add(name);
        foreach (string other in _names.Where(n => n != name && !_keepers.ContainsValue(n)).ToList())
            Remove(other);
        return true;
    }
}
