using Hostup.Core.Errors;
using Hostup.Server.Access;

namespace Hostup.Server.Organisations;

/// <summary>Who runs the server has a key of the first organisation.</summary>
internal static class FirstOrganisation
{
    /// <summary>Refuses everybody else.</summary>
    /// <param name="scope">Of the caller.</param>
    /// <param name="what">What is refused, as "cannot ...".</param>
    /// <exception cref="HostupException"><c>forbidden</c>.</exception>
    public static void RequireFirst(this Scope scope, string what)
    {
        if (scope.Organisation != OrganisationRow.First)
            throw new HostupException(HostupErrors.Forbidden, what, "the key is not one of the first organisation", "ask who runs the server");
    }
}
