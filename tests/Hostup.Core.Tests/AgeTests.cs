namespace Hostup.Core.Tests;

public sealed class AgeTests
{
    [Theory]
    [InlineData(0, "less than a minute")]
    [InlineData(59, "less than a minute")]
    [InlineData(60, "1 min")]
    [InlineData(7199, "119 min")]
    [InlineData(7200, "2 h")]
    [InlineData(3 * 3600 + 1800, "3 h")]
    [InlineData(172_800, "2 days")]
    public void An_age_is_one_number_and_its_unit(int seconds, string text) => Assert.Equal(text, Age.Text(TimeSpan.FromSeconds(seconds)));
}
