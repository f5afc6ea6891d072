namespace Hostup.Updates.Run;

/// <summary>What a step changed cannot be brought back, today or later. The attempt ends all the same, and its end says so.</summary>
public sealed class LostForGoodException(string message) : IOException(message);
