namespace Hostup.Core.Wire;

/// <summary>
/// Answer to GET /device/v1/deltas/{image}?from={tree} (Bearer device key), 200: the delta from a tree to the tree of an image that is a target of the device. 202 with
/// Retry-After and a <see cref="DeltaWait"/>: it is being made. 404 with an <see cref="ApiError"/>: there is none, and why.
/// </summary>
/// <param name="Digest">Digest of the delta, which is a blob of <paramref name="Repository"/>.</param>
/// <param name="Bytes">Bytes of the delta.</param>
/// <param name="Frames">Its frames, the listing among them.</param>
/// <param name="Repository">Repository of the server's registry that has it; ranges of it can be asked for.</param>
public sealed record DeltaOffer(Digest Digest, long Bytes, int Frames, string Repository)
{
    /// <summary>Digest of the manifest of the artefact that the delta is the one layer of, and whose subject is the image; null: not said.</summary>
    public Digest? Artifact { get; init; }
}

/// <summary>A delta that is being made.</summary>
/// <param name="State">queued or building, see <see cref="DeltaStates"/>.</param>
/// <param name="Progress">Part that is done, 0 to 1.</param>
public sealed record DeltaWait(string State, double Progress);
