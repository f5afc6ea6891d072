using Hostup.Server.Database;

namespace Hostup.Server.Devices;

/// <summary>Kinds of device events, as the API shows them.</summary>
internal static class DeviceEvents
{
    public const string Registered = "registered";
    public const string RegisteredAgain = "registered-again";
    public const string KeyRotationAsked = "key-rotation-asked";
    public const string KeyRotated = "key-rotated";
    public const string KeyReset = "key-reset";
    public const string Retired = "retired";
    public const string Cloned = "cloned";

    /// <summary>Adds one; the caller saves.</summary>
    public static void AddDeviceEvent(this HostupDb db, string uuid, DateTimeOffset at, string kind, string message) =>
        db.DeviceEvents.Add(new DeviceEventRow { DeviceUuid = uuid, At = at, Kind = kind, Message = message });
}
