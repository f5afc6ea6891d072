using Hostup.Core.Errors;

namespace Hostup.Updates.Sources;

/// <summary>Where the fault lies when a source did not bring the image to the spare slot.</summary>
public enum SourceFault
{
    /// <summary>The way to the server: the same source may work in a moment.</summary>
    Link,

    /// <summary>The server is there and cannot serve now: the same source may work when it says.</summary>
    Busy,

    /// <summary>The server does not have it or does not give it: another source may, this one perhaps later.</summary>
    Server,

    /// <summary>What it gave is wrong: another source may give the right thing, this one will not.</summary>
    Content,

    /// <summary>The policy: the same source goes on when it allows it.</summary>
    Held,

    /// <summary>The device: no source helps.</summary>
    Device,
}

/// <summary>Tells the faults apart.</summary>
public static class SourceFaults
{
    /// <summary>Where the fault of an error lies.</summary>
    public static SourceFault Of(HostupException error) => error.Code.Id switch
    {
        _ when error.Code == HostupErrors.Link => SourceFault.Link,
        _ when error.Code == HostupErrors.ServerBusy => SourceFault.Busy,
        _ when error.Code == HostupErrors.Held => SourceFault.Held,
        _ when error.Code == HostupErrors.NotFound || error.Code == HostupErrors.NoDelta || error.Code == HostupErrors.Unauthorized || error.Code == HostupErrors.RegistryAnswer => SourceFault.Server,
        _ when error.Code == HostupErrors.DigestMismatch || error.Code == HostupErrors.BadImage || error.Code == HostupErrors.SlotMismatch || error.Code == HostupErrors.BadDelta || error.Code == HostupErrors.DeltaOld => SourceFault.Content,
        _ => SourceFault.Device,
    };
}
