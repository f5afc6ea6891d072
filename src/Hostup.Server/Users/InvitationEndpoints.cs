using System.Text.Encodings.Web;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Access;

namespace Hostup.Server.Users;

/// <summary>What a link leads to: a page without scripts on which its holder chooses a password, and the same for programs.</summary>
internal static class InvitationEndpoints
{
    public static void MapInvitations(this IEndpointRouteBuilder routes)
    {
        routes.MapGroup("/api/v1/invitation").WithTags("Session").For(CallerKind.Anyone)
            .MapPost("/", Accept).WithSummary("Chooses the password of a user, with the token of a link; once");
        var pages = routes.MapGroup(Invitations.Path).For(CallerKind.Anyone).ExcludeFromDescription();
        pages.MapGet("/", (string? token) => Form(token));
        pages.MapPost("/", AcceptForm);
    }

    private static async Task<InvitationAnswer> Accept(InvitationRequest request, HttpContext context, Invitations invitations, SignInFailures failures, CancellationToken ct)
    {
        failures.TryPassword(context);
        return new InvitationAnswer((await invitations.AcceptAsync(request.Token, request.Password, context, ct)).Name);
    }

    private static async Task<IResult> AcceptForm(HttpContext context, Invitations invitations, SignInFailures failures, CancellationToken ct)
    {
        if (!context.Request.HasFormContentType)
            throw new HostupException(HostupErrors.BadValue, "cannot read the request", "it is no form", "open the link in a browser");
        failures.TryPassword(context);
        var form = await context.Request.ReadFormAsync(ct);
        string token = form["token"].ToString();
        try
        {
            var user = await invitations.AcceptAsync(token, form["password"].ToString(), context, ct);
            return Page("The password is kept", $"<p>You are <strong>{Encoded(user.Name)}</strong>. The link is worthless now.</p>", StatusCodes.Status200OK);
        }
        catch (HostupException e) when (e.Code == HostupErrors.BadValue)
        {
            return Form(token, $"{e.What}: {e.Why}");
        }
        catch (HostupException e) when (e.Code == HostupErrors.NotFound)
        {
            return Page("The link is worthless", $"<p>{Encoded($"{e.What}: {e.Why}; {e.WhatToDo}")}</p>", StatusCodes.Status404NotFound);
        }
    }

    private static IResult Form(string? token, string? trouble = null) => Page("Choose a password", $"""
        {(trouble is null ? "" : $"<p role=\"alert\">{Encoded(trouble)}</p>")}
        <form method="post" action="{Invitations.Path}">
        <input type="hidden" name="token" value="{Encoded(token ?? "")}">
        <p><label>Password, {Passwords.MinLength} characters or more
        <input type="password" name="password" minlength="{Passwords.MinLength}" autocomplete="new-password" required autofocus></label></p>
        <p><button type="submit">Keep it</button></p>
        </form>
        """, trouble is null ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest);

    private static IResult Page(string title, string body, int status) => Results.Content($"""
        <!DOCTYPE html>
        <html lang="en">
        <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title} - Hostup</title></head>
        <body><main><h1>{title}</h1>
        {body}
        </main></body>
        </html>
        """, "text/html; charset=utf-8", statusCode: status);

    private static string Encoded(string text) => HtmlEncoder.Default.Encode(text);
}
