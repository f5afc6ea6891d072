namespace Hostup.Core.Wire;

/// <summary>Devices of one organisation that belong together.</summary>
/// <param name="Id">32 hexadecimal digits.</param>
/// <param name="Name">Its name, unique in the organisation.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Devices">How many devices are in it, retired ones too.</param>
public sealed record FleetView(string Id, string Name, DateTimeOffset CreatedAt, int Devices);

/// <summary>POST /api/v1/fleets.</summary>
/// <param name="Name">1 to 64 letters, digits, dots, dashes and underscores.</param>
public sealed record FleetRequest(string Name);

/// <summary>PUT /api/v1/devices/{device}/fleet.</summary>
/// <param name="Fleet">Name or id of the fleet that the device is to be in; null: none.</param>
public sealed record DeviceFleetRequest(string? Fleet);
