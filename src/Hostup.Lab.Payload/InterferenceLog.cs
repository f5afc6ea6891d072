namespace Hostup.Lab.Payload;

/// <summary>Says what the supervisor did to the device, so that a test can tell whether it ran when it should not.</summary>
/// <param name="path">File on the data partition.</param>
internal sealed class InterferenceLog(string path)
{
    private readonly Lock _one = new();

    public void Write(string kind, string what)
    {
        string line = $"{DateTime.UtcNow:yyyy-MM-ddTHH:mm:ss.fffZ} {kind} {what}\n";
        lock (_one)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.AppendAllText(path, line);
        }
        Console.Write(line);
    }
}
