using System.Globalization;

namespace Hostup.Core;

/// <summary>How long ago, for people: one number and its unit, so that a text with it changes seldom.</summary>
public static class Age
{
    /// <summary>For example <c>3 h</c>; below a minute <c>less than a minute</c>.</summary>
    public static string Text(TimeSpan age) => age switch
    {
        { TotalMinutes: < 1 } => "less than a minute",
        { TotalHours: < 2 } => string.Create(CultureInfo.InvariantCulture, $"{(int)age.TotalMinutes} min"),
        { TotalDays: < 2 } => string.Create(CultureInfo.InvariantCulture, $"{(int)age.TotalHours} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)age.TotalDays} days"),
    };
}
