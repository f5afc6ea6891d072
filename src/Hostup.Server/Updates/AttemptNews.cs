namespace Hostup.Server.Updates;

/// <summary>Changes of attempts, by their ids.</summary>
internal sealed class AttemptNews : ChangeNews;
