using Hostup.Core.Errors;
using Hostup.Core.Wire;

namespace Hostup.Server.Errors;

/// <summary>Turns whatever a request throws into the error body of the API; for the registry into the body of its specification.</summary>
internal sealed class ErrorAnswers(RequestDelegate next, ILogger<ErrorAnswers> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null, ContentType: null })
                await WriteAsync(context, context.Response.StatusCode, OfStatus(context.Response.StatusCode, context));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // the caller has left: nobody to answer
        }
        catch (HostupException e) when (!context.Response.HasStarted)
        {
            // a registry's clients probe and are told where to get tokens: nothing to read about; a flood would fill the log
            if (e.Code != HostupErrors.TooMany && (!context.Request.Path.StartsWithSegments("/v2", StringComparison.Ordinal) || (e.Code != HostupErrors.NotFound && e.Code != HostupErrors.Unauthorized)))
                log.RequestRefused(context.Request.Method, context.Request.Path, e.Code.Id, e.Message);
            await WriteAsync(context, StatusOf(e.Code), new ApiError(e.Code.Id, $"{e.What}: {e.Why}", e.WhatToDo));
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            var code = e.StatusCode == StatusCodes.Status413PayloadTooLarge ? HostupErrors.TooLarge : HostupErrors.BadValue;
            await WriteAsync(context, e.StatusCode, new ApiError(code.Id, $"cannot read the request: {e.Message}", "see docs/api.md for what this endpoint takes"));
        }
        catch (Exception e) when (!context.Response.HasStarted && e is not OperationCanceledException)
        {
            log.RequestFailed(e, context.Request.Method, context.Request.Path);
            await WriteAsync(context, StatusCodes.Status500InternalServerError, new ApiError(HostupErrors.Bug.Id, "cannot answer the request: the server met a state that it held impossible", "send the server's log to its developers"));
        }
    }

    /// <summary>Status of a code; the kind decides unless HTTP has a word of its own.</summary>
    public static int StatusOf(HostupErrorCode code)
    {
        if (code == HostupErrors.Unauthorized)
            return StatusCodes.Status401Unauthorized;
        if (code == HostupErrors.Forbidden)
            return StatusCodes.Status403Forbidden;
        if (code == HostupErrors.NotFound || code == HostupErrors.NoDelta)
            return StatusCodes.Status404NotFound;
        if (code == HostupErrors.TooLarge)
            return StatusCodes.Status413PayloadTooLarge;
        if (code == HostupErrors.TooMany)
            return StatusCodes.Status429TooManyRequests;
        if (code == HostupErrors.DigestMismatch)
            return StatusCodes.Status400BadRequest;
        return code.Kind switch
        {
            HostupErrorKind.Usage => StatusCodes.Status400BadRequest,
            HostupErrorKind.Refused => StatusCodes.Status409Conflict,
            HostupErrorKind.Transient => StatusCodes.Status503ServiceUnavailable,
            _ => StatusCodes.Status422UnprocessableEntity,
        };
    }

    private static ApiError OfStatus(int status, HttpContext context) => status switch
    {
        StatusCodes.Status404NotFound => new(HostupErrors.NotFound.Id, $"cannot find {context.Request.Path}: there is nothing at this address", "see /openapi/v1.json for the addresses"),
        StatusCodes.Status405MethodNotAllowed => new(HostupErrors.BadValue.Id, $"cannot {context.Request.Method} {context.Request.Path}: this address takes other methods", "see /openapi/v1.json for the methods"),
        _ => new(HostupErrors.BadValue.Id, $"cannot answer the request: status {status}", "see docs/api.md for what this endpoint takes"),
    };

    private static Task WriteAsync(HttpContext context, int status, ApiError error)
    {
        context.Response.StatusCode = status;
        if (context.Request.Path.StartsWithSegments("/v2", StringComparison.Ordinal))
            return context.Response.WriteAsJsonAsync(new RegistryErrorBody([new RegistryErrorEntry(RegistryCode(error.Code, status), error.Title, error.Detail)]));
        return context.Response.WriteAsJsonAsync(error, WireJson.Default.ApiError, "application/json");
    }

    // codes of the OCI distribution specification, which clients print
    private static string RegistryCode(string code, int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "UNAUTHORIZED",
        StatusCodes.Status403Forbidden => "DENIED",
        StatusCodes.Status404NotFound => "NAME_UNKNOWN",
        StatusCodes.Status413PayloadTooLarge => "SIZE_INVALID",
        StatusCodes.Status429TooManyRequests => "TOOMANYREQUESTS",
        _ when code == HostupErrors.DigestMismatch.Id => "DIGEST_INVALID",
        _ when code == HostupErrors.BadImage.Id => "MANIFEST_INVALID",
        _ => "UNSUPPORTED",
    };
}

/// <summary>Error body of the OCI distribution specification.</summary>
internal sealed record RegistryErrorBody(IReadOnlyList<RegistryErrorEntry> Errors);

internal sealed record RegistryErrorEntry(string Code, string Message, string Detail);
