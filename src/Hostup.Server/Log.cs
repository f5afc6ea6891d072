namespace Hostup.Server;

/// <summary>Every line the server logs. No keys, tokens or payloads, but for the link of the first start: it is good once.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "The server listens on {Addresses} and keeps its data in {DataDirectory}.")]
    public static partial void Listening(this ILogger log, string addresses, string dataDirectory);

    [LoggerMessage(2, LogLevel.Warning, "A first operator key was made; it is in {File}.")]
    public static partial void OperatorKeyMade(this ILogger log, string file);

    [LoggerMessage(3, LogLevel.Warning, "The first administrator chooses a password at {Link}, once, within three days.")]
    public static partial void FirstAdministratorInvited(this ILogger log, string link);

    [LoggerMessage(10, LogLevel.Information, "{Method} {Path} was refused with {Code}: {Reason}.")]
    public static partial void RequestRefused(this ILogger log, string method, string path, string code, string reason);

    [LoggerMessage(11, LogLevel.Error, "{Method} {Path} met a bug.")]
    public static partial void RequestFailed(this ILogger log, Exception e, string method, string path);

    [LoggerMessage(20, LogLevel.Information, "Device {Device} of type {DeviceType} registered.")]
    public static partial void DeviceRegistered(this ILogger log, string device, string deviceType);

    [LoggerMessage(21, LogLevel.Warning, "Device {Device}: {What}.")]
    public static partial void DeviceIdentityChanged(this ILogger log, string device, string what);

    [LoggerMessage(22, LogLevel.Error, "Device {Device} is cloned: {Machines} use one key.")]
    public static partial void DeviceCloned(this ILogger log, string device, string machines);

    [LoggerMessage(30, LogLevel.Information, "Attempt {Attempt}: device {Device} is to update from {From} to {To}.")]
    public static partial void AttemptMade(this ILogger log, string attempt, string device, string from, string to);

    [LoggerMessage(31, LogLevel.Information, "Attempt {Attempt}: device {Device} is in state {State}.")]
    public static partial void AttemptChanged(this ILogger log, string attempt, string device, string state);

    [LoggerMessage(32, LogLevel.Warning, "Attempt {Attempt}: device {Device} ended in state {State} with {Code}.")]
    public static partial void AttemptFailed(this ILogger log, string attempt, string device, string state, string code);

    [LoggerMessage(40, LogLevel.Information, "Release {Version} for {DeviceType} was published as {Release}.")]
    public static partial void ReleasePublished(this ILogger log, string version, string deviceType, string release);

    [LoggerMessage(41, LogLevel.Warning, "Release {Release} was invalidated: {Reason}.")]
    public static partial void ReleaseInvalidated(this ILogger log, string release, string reason);

    [LoggerMessage(50, LogLevel.Information, "Delta {Delta}: worker {Worker} builds it, try {Number}.")]
    public static partial void DeltaBegun(this ILogger log, string delta, string worker, int number);

    [LoggerMessage(51, LogLevel.Information, "Delta {Delta} is ready: {Bytes} bytes where the full image has {FullBytes}.")]
    public static partial void DeltaReady(this ILogger log, string delta, long bytes, long fullBytes);

    [LoggerMessage(52, LogLevel.Information, "Delta {Delta} is not worth it: {Bytes} bytes where the full image has {FullBytes}.")]
    public static partial void DeltaNotWorth(this ILogger log, string delta, long bytes, long fullBytes);

    [LoggerMessage(53, LogLevel.Warning, "Delta {Delta}: try {Number} failed with {Code}: {Reason}.")]
    public static partial void DeltaFailed(this ILogger log, string delta, int number, string code, string reason);

    [LoggerMessage(54, LogLevel.Warning, "Delta {Delta}: worker {Worker} lost its lease; another one builds it.")]
    public static partial void DeltaLost(this ILogger log, string delta, string worker);

    [LoggerMessage(55, LogLevel.Error, "A delta worker met a bug; it goes on.")]
    public static partial void DeltaWorkerFailed(this ILogger log, Exception e);

    [LoggerMessage(56, LogLevel.Warning, "Delta {Delta}: the process that built it ended with {ExitCode} and said: {Trouble}")]
    public static partial void DeltaProcessFell(this ILogger log, string delta, int exitCode, string trouble);

    [LoggerMessage(57, LogLevel.Information, "Updater {Updater} from {From} has {Bytes} bytes as a delta.")]
    public static partial void UpdaterPackReady(this ILogger log, string updater, string from, long bytes);

    [LoggerMessage(58, LogLevel.Warning, "Updater {Updater} from {From} could not be built as a delta: {Reason}. Devices fetch it whole.")]
    public static partial void UpdaterPackFell(this ILogger log, string updater, string from, string reason);

    [LoggerMessage(59, LogLevel.Error, "The worker for deltas of updaters met a bug; it goes on.")]
    public static partial void UpdaterPackFailed(this ILogger log, Exception e);

    [LoggerMessage(60, LogLevel.Information, "{Blobs} blobs of {Bytes} bytes that nothing refers to were deleted.")]
    public static partial void GarbageDeleted(this ILogger log, int blobs, long bytes);

    [LoggerMessage(61, LogLevel.Warning, "Nothing is collected: {Documents} documents are missing or damaged, {Digest} first. Publish them again.")]
    public static partial void GarbageKept(this ILogger log, int documents, string digest);

    [LoggerMessage(62, LogLevel.Error, "The collector of garbage met a bug; it goes on.")]
    public static partial void GarbageFailed(this ILogger log, Exception e);
}
