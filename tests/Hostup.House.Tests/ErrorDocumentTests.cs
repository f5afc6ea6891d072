using System.Text.RegularExpressions;
using Hostup.Core.Errors;

namespace Hostup.House.Tests;

public sealed partial class ErrorDocumentTests
{
    [Fact]
    public void Every_error_code_has_its_row_with_its_kind_in_the_document()
    {
        var documented = Row().Matches(Repository.Read("docs/errors.md")).Select(m => (m.Groups[1].Value, m.Groups[2].Value)).Order();

        Assert.Equal(HostupErrors.All.Select(c => (c.Id, c.Kind.ToString().ToLowerInvariant())).Order(), documented);
    }

    [Fact]
    public void Every_row_says_meaning_and_remedy() =>
        Assert.All(Row().Matches(Repository.Read("docs/errors.md")), m => Assert.True(m.Groups[3].Length > 8 && m.Groups[4].Length > 8, m.Value));

    [Fact]
    public void The_programs_give_the_remedy_of_the_document() =>
        Assert.All(Row().Matches(Repository.Read("docs/errors.md")), m => Assert.Equal(m.Groups[4].Value, ErrorTexts.Of(m.Groups[1].Value)?.Remedy));

    [Fact]
    public void Ids_are_used_once() => Assert.Equal(HostupErrors.All.Count, HostupErrors.All.Select(c => c.Id).Distinct().Count());

    [GeneratedRegex(@"^\| `([a-z-]+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|\r?$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
