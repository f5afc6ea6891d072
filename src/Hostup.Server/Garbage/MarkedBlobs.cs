using Hostup.Core;

namespace Hostup.Server.Garbage;

/// <summary>What is referred to.</summary>
/// <param name="Used">Every digest that a row, or a document that a row names, has anywhere. Some name no blob.</param>
/// <param name="Unreadable">Documents that a row names and that are missing or damaged: what they refer to is not known.</param>
internal sealed record MarkedBlobs(IReadOnlySet<Digest> Used, IReadOnlyList<Digest> Unreadable);
