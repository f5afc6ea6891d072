namespace Hostup.Core.Inventory;

/// <summary>One thing that differs.</summary>
/// <param name="Name">What it is called on both sides.</param>
/// <param name="From">What the first has; null: nothing, it was added.</param>
/// <param name="To">What the second has; null: nothing, it was removed.</param>
public sealed record Change(string Name, string? From, string? To);
