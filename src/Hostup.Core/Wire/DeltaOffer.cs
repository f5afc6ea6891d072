namespace Hostup.Core.Wire;

/// <summary>
/// Answer to GET /api/v1/device/deltas/{image}?from={tree} (Bearer device key), 200: the delta from a tree to the tree of an image. 202 with Retry-After: it
/// is being made. 404 with an <see cref="ApiError"/>: there is none, and why.
/// </summary>
/// <param name="Digest">Digest of the delta, which is a blob of <paramref name="Repository"/>.</param>
/// <param name="Bytes">Bytes of the delta.</param>
/// <param name="Frames">Its frames, the listing among them.</param>
/// <param name="Repository">Repository of the server's registry that has it; ranges of it can be asked for.</param>
public sealed record DeltaOffer(Digest Digest, long Bytes, int Frames, string Repository);
