using Hostup.Core.Errors;
using Hostup.Updates.Journal;
using Hostup.Updates.Rollback;
using Hostup.Updates.Run;

namespace Hostup.Device.Agent;

/// <summary>Whether the device can tell where it stands: by its journal, and by its boot settings. While it cannot, nothing is begun.</summary>
internal sealed class Standing(DevicePorts device)
{
    private readonly AttemptLog _log = new(device);

    /// <summary>Makes the journal when it is not there. One that cannot be made now is made when an attempt is opened.</summary>
    public void Prepare()
    {
        try
        {
            new AttemptJournal(device.Files).Prepare();
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            Console.Error.WriteLine($"the journal is not there yet: {e.Message}");
        }
    }

    /// <summary>Why it cannot be told whether an attempt is open or on trial; null: it can.</summary>
    public HostupException? Fault()
    {
        try
        {
            _ = _log.IsOpen;
            _ = Trial.IsPending(device);
            return null;
        }
        catch (Exception e) when (MediumFault.IsKnown(e))
        {
            return MediumFault.Wrap("cannot tell whether an update is under way", e);
        }
    }
}
