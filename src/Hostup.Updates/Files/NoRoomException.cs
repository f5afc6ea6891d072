namespace Hostup.Updates.Files;

/// <summary>A file system, or one of its directories, has no room for what was asked: a file, a directory or a name.</summary>
public sealed class NoRoomException(string message, Exception? inner = null) : IOException(message, inner);
