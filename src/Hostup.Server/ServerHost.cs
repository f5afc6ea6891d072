using Microsoft.AspNetCore.HttpOverrides;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.ApiDocument;
using Hostup.Server.Audit;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Hostup.Server.Deltas;
using Hostup.Server.Devices;
using Hostup.Server.Errors;
using Hostup.Server.Garbage;
using Hostup.Server.Health;
using Hostup.Server.Monitoring;
using Hostup.Server.Organisations;
using Hostup.Server.Policies;
using Hostup.Server.Registry;
using Hostup.Server.Releases;
using Hostup.Server.TrustLists;
using Hostup.Server.Updaters;
using Hostup.Server.Updates;
using Hostup.Server.Users;
using Microsoft.AspNetCore.DataProtection;

namespace Hostup.Server;

/// <summary>A running server, in this process. The program is one; tests and the lab start as many as they like.</summary>
public sealed class ServerHost : IAsyncDisposable
{
    /// <summary>A device that polls each quarter of an hour keeps its connection; a new one costs it four times the bytes of a poll.</summary>
    private static readonly TimeSpan DeviceConnection = TimeSpan.FromMinutes(20);

    /// <summary>Largest body of a request that says nothing else: 1 MiB, the largest signed document.</summary>
    private const long MaxBodyBytes = 1 << 20;

    /// <summary>Uploads that nobody continued for so long are dropped at start.</summary>
    private static readonly TimeSpan UploadLifetime = TimeSpan.FromDays(1);

    /// <summary>Lines of the log are read by people too, and are put into no page: a quote and a plus stand as they are.</summary>
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly WebApplication _app;

    private ServerHost(WebApplication app, ServerOptions options, string? firstLink)
    {
        (_app, FirstLink) = (app, firstLink);
        OperatorKeyFile = Path.Combine(options.DataDirectory, Access.OperatorKeyFile.Name);
    }

    /// <summary>First address that it listens on, with the port that was really taken.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>File with the first operator key.</summary>
    public string OperatorKeyFile { get; }

    /// <summary>Where the first administrator chooses a password, once; null: this is not the first start.</summary>
    public string? FirstLink { get; }

    /// <summary>Starts a server; it answers when this returns.</summary>
    public static async Task<ServerHost> StartAsync(ServerOptions options, CancellationToken ct)
    {
        // hashes of keys and the key of the registry's tokens are in it
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(options.DataDirectory);
        else
            Directory.CreateDirectory(options.DataDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var app = Build(options);
        string? firstToken = await PrepareAsync(app, options, ct);
        await app.StartAsync(ct);
        app.Logger.Listening(string.Join(", ", app.Urls), Path.GetFullPath(options.DataDirectory));
        string? firstLink = firstToken is null ? null : $"{app.Urls.First()}{Invitations.Path}?token={firstToken}";
        if (firstLink is not null)
            app.Logger.FirstAdministratorInvited(firstLink);
        return new ServerHost(app, options, firstLink);
    }

    /// <summary>Returns when the process is asked to end.</summary>
    public Task WaitForShutdownAsync(CancellationToken ct) => _app.WaitForShutdownAsync(ct);

    /// <summary>Ends the server; requests under way get a few seconds.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static WebApplication Build(ServerOptions options)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, ApplicationName = typeof(ServerHost).Assembly.GetName().Name });
        builder.WebHost.UseUrls(options.Urls).UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(k => (k.Limits.MaxRequestBodySize, k.AddServerHeader, k.Limits.KeepAliveTimeout) = (MaxBodyBytes, false, DeviceConnection));
        builder.Logging.SetMinimumLevel(options.LogLevel).AddFilter("Microsoft", LogLevel.Warning).AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        if (options.LogFormat == LogFormat.Json)
            builder.Logging.AddJsonConsole(o => (o.IncludeScopes, o.UseUtcTimestamp, o.TimestampFormat, o.JsonWriterOptions) = (true, true, "O", Readable));
        builder.Services.ConfigureHttpJsonOptions(o => ConfigureJson(o.SerializerOptions));
        builder.Services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        builder.Services.AddApiDocument();
        AddParts(builder.Services, options);
        var app = builder.Build();
        // A TLS proxy on this machine says how it was asked; others are not believed.
        app.UseForwardedHeaders(new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost | ForwardedHeaders.XForwardedFor });
        app.UseMiddleware<RequestTimes>();
        if (options.LogFormat == LogFormat.Json)
            app.UseMiddleware<LoggedRequests>();
        app.UseMiddleware<SecureHeaders>();
        app.UseMiddleware<ErrorAnswers>();
        app.UseRouting();
        app.UseMiddleware<AccessGate>();
        app.UseRateLimiter();
        app.UseMiddleware<ActGate>();
        app.MapOpenApi().For(CallerKind.Anyone);
        app.MapHealth();
        app.MapNumbers();
        app.MapOperatorKeys();
        app.MapProvisioningKeys();
        app.MapReleases();
        app.MapUpdaters();
        app.MapTrustLists();
        app.MapDevices();
        app.MapUpdates();
        app.MapTargets();
        app.MapMonthlyBytes();
        app.MapPolicies();
        app.MapDeltas();
        app.MapOrganisations();
        app.MapFleets();
        app.MapAudit();
        app.MapGarbage();
        app.MapUsers();
        app.MapSessions();
        app.MapInvitations();
        app.MapDeviceApi();
        app.MapAttemptApi();
        app.MapDeltaApi();
        app.MapRegistry();
        return app;
    }

    // the wire's own serializer first: digests and defaults are written as devices read them
    private static void ConfigureJson(JsonSerializerOptions json)
    {
        json.TypeInfoResolverChain.Insert(0, WireJson.Default);
        foreach (var converter in WireJson.Default.Options.Converters)
            json.Converters.Add(converter);
        json.NumberHandling = JsonNumberHandling.Strict;
        json.DefaultIgnoreCondition = WireJson.Default.Options.DefaultIgnoreCondition;
    }

    private static void AddParts(IServiceCollection services, ServerOptions options)
    {
        var engine = new SqliteEngine(Path.Combine(options.DataDirectory, "hostup.db"));
        services.AddSingleton(options).AddSingleton(options.Time).AddSingleton<IDatabaseEngine>(engine);
        services.AddDbContext<HostupDb>(engine.Configure);
        services.AddSingleton(new BlobStore(options.DataDirectory));
        services.AddSingleton<Passwords>().AddScoped<Sessions>().AddScoped<Invitations>();
        services.AddAntiforgery(o =>
        {
            (o.HeaderName, o.SuppressXFrameOptionsHeader) = (ActGate.AntiforgeryHeader, true);
            (o.Cookie.Name, o.Cookie.SecurePolicy) = ("hostup-antiforgery", CookieSecurePolicy.SameAsRequest);
        });
        // what antiforgery tokens are sealed with; the data directory is its user's only
        services.AddDataProtection().SetApplicationName("hostup").PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(options.DataDirectory, "session-keys")));
        services.AddSingleton<AttemptNews>().AddSingleton<RegistryTokens>().AddSingleton<SignInFailures>().AddRequestLimits(options);
        services.AddScoped<Keys>().AddScoped<AuditLog>().AddScoped<DeviceIdentity>().AddScoped<CloneWatch>().AddScoped<Targets>().AddScoped<AttemptIntake>().AddScoped<AttemptLogs>().AddScoped<Silences>().AddScoped<Policies.Policies>().AddScoped<ReleaseImport>();
        services.AddScoped<WhyNots>().AddScoped<DeclaredTargets>().AddScoped<TargetChange>().AddScoped<OwnPacks>().AddScoped<Findings>().AddScoped<UpdateStart>().AddScoped<Estimates>().AddScoped<UpdateEstimates>();
        services.AddScoped<Images>().AddScoped<RegistryAccess>().AddScoped<Manifests>().AddScoped<RepositoryBlobs>().AddScoped<Uploads>();
        services.AddSingleton<DeltaNews>().AddSingleton<DeltaTry>().AddScoped<DeltaJobs>().AddScoped<DeltaOffers>().AddHostedService<DeltaWorkers>();
        services.AddSingleton<ServerMetrics>();
        services.AddSingleton<GarbageCollector>().AddScoped<BlobReferences>().AddHostedService<GarbageWorker>();
        services.AddSingleton<UpdaterPacks>().AddHostedService<UpdaterPackWorker>();
    }

    /// <returns>Token of the first administrator's link; null: this is not the first start.</returns>
    private static async Task<string?> PrepareAsync(WebApplication app, ServerOptions options, CancellationToken ct)
    {
        await using var scope = app.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HostupDb>();
        await Schema.UpgradeAsync(db, scope.ServiceProvider.GetRequiredService<IDatabaseEngine>(), options.Time, ct);
        bool first = await Access.OperatorKeyFile.MakeAsync(options.DataDirectory, scope.ServiceProvider.GetRequiredService<Keys>(), app.Logger, ct);
        await app.Services.GetRequiredService<RegistryTokens>().LoadAsync(db, ct);
        var blobs = app.Services.GetRequiredService<BlobStore>();
        await ReleaseTrees.FillAsync(db, blobs, ct);
        DeltaTry.DropLeftovers(options.DataDirectory);
        blobs.DropUploadsBefore(DateTimeOffset.UtcNow - UploadLifetime);
        return first ? await FirstAdministrator.MakeAsync(db, scope.ServiceProvider.GetRequiredService<Invitations>(), options.Time, ct) : null;
    }
}
