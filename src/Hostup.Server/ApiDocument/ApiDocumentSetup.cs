using Hostup.Core;
using Hostup.Server.Access;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Hostup.Server.ApiDocument;

/// <summary>What the generated API document cannot know by itself: keys, raw bodies, errors and how digests are written.</summary>
internal static class ApiDocumentSetup
{
    private const string KeyScheme = "key";

    public static void AddApiDocument(this IServiceCollection services) => services.AddOpenApi(options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "Hostup", Version = "v1", Description = "Host OS updates: releases, devices, updates. docs/api.md says what is behind it." };
            // an address of this moment is no part of the contract
            document.Servers = [];
            document.Components ??= new OpenApiComponents();
            document.AddComponent<IOpenApiSecurityScheme>(KeyScheme, new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "A key of the kind that the endpoint names" });
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            if (context.JsonTypeInfo.Type == typeof(Digest))
            {
                schema.Type = JsonSchemaType.String;
                schema.Pattern = "^sha256:[0-9a-f]{64}$";
            }
            // what a converter of ours writes is no element that the generator knows
            if (context.JsonTypeInfo.ElementType == typeof(Digest))
                schema.Items = new OpenApiSchemaReference(nameof(Digest), context.Document);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            Describe(operation, context);
            return Task.CompletedTask;
        });
    });

    private static void Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<RawBody>().LastOrDefault() is { } body)
            operation.RequestBody = new OpenApiRequestBody { Required = true, Content = new Dictionary<string, OpenApiMediaType> { [body.MediaType] = new() } };
        if (metadata.OfType<NeededCaller>().LastOrDefault() is not { Kind: not CallerKind.Anyone } needed)
            return;
        operation.Description = $"For callers of kind {needed.Kind.ToString().ToLowerInvariant()}{(metadata.OfType<NeededAct>().LastOrDefault() is { Act: var act } ? Who(act) : "")}.";
        operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(KeyScheme, context.Document)] = [] }];
        operation.Responses ??= [];
        operation.Responses["default"] = new OpenApiResponse { Description = "An error: {code, title, detail}, with a code of docs/errors.md" };
    }

    private static string Who(Act act) => $" in the role {string.Join(", ", Roles.Of(act).Select(Roles.NameOf))}{(Roles.IsWide(act) ? ", with a key for the whole organisation" : "")}";
}

/// <summary>An endpoint that reads its body itself.</summary>
/// <param name="MediaType">What the body is.</param>
internal sealed record RawBody(string MediaType);

internal static class RawBodyConventions
{
    /// <summary>Says what the body is, for the API document.</summary>
    public static T TakesRaw<T>(this T builder, string mediaType) where T : IEndpointConventionBuilder => builder.WithMetadata(new RawBody(mediaType));
}
