using System.Runtime.CompilerServices;

namespace Hostup.Updates.Tests;

/// <summary>Text that was reviewed like code: it lies beside its test as <c>NAME.verified.txt</c>.</summary>
public static class Verified
{
    /// <summary>Compares; what differs is left beside it as <c>NAME.received.txt</c>, to be looked at and renamed when it is right.</summary>
    public static async Task TextAsync(string name, string actual, [CallerFilePath] string test = "")
    {
        string verified = Path.Combine(Path.GetDirectoryName(test)!, name + ".verified.txt");
        string received = Path.Combine(Path.GetDirectoryName(test)!, name + ".received.txt");
        if (File.Exists(verified) && await File.ReadAllTextAsync(verified) == actual)
        {
            File.Delete(received);
            return;
        }
        await File.WriteAllTextAsync(received, actual);
        Assert.Fail($"{name} differs from {verified}; look at {received} and rename it when it is right");
    }
}
