namespace Hostup.Device.Commands;

/// <summary>How a command ends: what somebody can act on is told in a sentence. A bug is nobody's to handle: it ends the process and shows its stack.</summary>
internal static class CommandEnd
{
    /// <summary>Runs a command to its end.</summary>
    /// <param name="command">Its words, for the sentence about a file that could not be read or written.</param>
    /// <param name="run">The command.</param>
    /// <param name="error">Where errors are told.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> OfAsync(string command, Func<Task<int>> run, TextWriter error)
    {
        try
        {
            return await run().ConfigureAwait(false);
        }
        catch (Exception e) when (MediumFault.IsKnown(e))
        {
            var known = MediumFault.Wrap($"cannot finish `hostup-device {command}`", e);
            await error.WriteLineAsync($"hostup-device: {known.What}: {known.Why} [{known.Code}]\n               {known.WhatToDo}").ConfigureAwait(false);
            return ExitCodes.Of(known);
        }
    }
}
