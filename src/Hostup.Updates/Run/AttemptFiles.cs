using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Plan;

namespace Hostup.Updates.Run;

/// <summary>Plan, manifest and the envelope that it came in of the open attempt, on the state partition: files named by digest, durable before the journal names them.</summary>
public sealed class AttemptFiles(IFiles files)
{
    private static readonly string[] Prefixes = ["plan-", "manifest-", "envelope-"];

    /// <summary>Most bytes of a plan; a manifest has a limit of its own, <see cref="ReleaseManifest.MaxBytes"/>.</summary>
    public const int MaxBytes = 256 << 10;

    /// <summary>Writes them. Durable when it returns.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="manifest">The payload of the envelope.</param>
    /// <param name="envelope">The signed document; empty: there is none to be judged again.</param>
    /// <returns>The digest of the plan.</returns>
    public Digest Save(UpdatePlan plan, ReadOnlySpan<byte> manifest, ReadOnlySpan<byte> envelope)
    {
        byte[] planJson = plan.ToJson();
        if (planJson.Length > MaxBytes)
            throw new HostupException(HostupErrors.StateSpace, "cannot keep the plan", $"it has {planJson.Length} bytes, at most {MaxBytes} are kept", "name fewer fallback registries");
        var digest = Digest.Of(planJson);
        files.CreateDirectory(Places.Hostup);
        AtomicFile.Write(files, ManifestPath(plan.Manifest), manifest);
        if (!envelope.IsEmpty)
            AtomicFile.Write(files, EnvelopePath(plan.Manifest), Envelope.Parse(envelope).ToJson()); // payload and signatures, and nothing else that was in it
        AtomicFile.Write(files, PlanPath(digest), planJson);
        return digest;
    }

    /// <summary>Removes those of older attempts, once the journal names the new ones. What cannot be removed harms nobody; the next attempt tries again.</summary>
    public void RemoveOthers(Digest planDigest, UpdatePlan plan)
    {
        foreach (string name in files.ListFiles(Places.Hostup).Where(n => Prefixes.Any(p => n.StartsWith(p, StringComparison.Ordinal))))
        {
            string path = $"{Places.Hostup}/{name}";
            if (path != PlanPath(planDigest) && path != ManifestPath(plan.Manifest) && path != EnvelopePath(plan.Manifest))
                TryDelete(path);
        }
    }

    /// <summary>Reads what <see cref="Save"/> wrote. What the release requires was judged before; here it may be undone by any program.</summary>
    /// <exception cref="HostupException"><c>journal</c> when a file is missing or altered.</exception>
    public (UpdatePlan Plan, ReleaseManifest Release) Load(Digest planDigest)
    {
        UpdatePlan plan;
        try
        {
            plan = UpdatePlan.Parse(ReadWhole(PlanPath(planDigest), planDigest));
        }
        catch (JsonException e)
        {
            throw Bad(PlanPath(planDigest), e.Message, e);
        }
        return (plan, ReleaseManifest.Read(ReadWhole(ManifestPath(plan.Manifest), plan.Manifest)));
    }

    /// <summary>
    /// Plan and release of the attempt that this journal tells of; null when there is none, or when this program cannot read them: a newer
    /// one wrote them, or they are damaged. What must be done then is done without them.
    /// </summary>
    public (UpdatePlan Plan, ReleaseManifest Release)? TryLoad(IReadOnlyList<JournalRecord> records)
    {
        if (records is not [{ Plan: { } digest }, ..])
            return null;
        try
        {
            return Load(digest);
        }
        catch (HostupException)
        {
            return null;
        }
    }

    /// <summary>The signed document that the manifest came in, to be judged again; null: a program that keeps none began the attempt. Only its signatures tell whether it is whole.</summary>
    /// <exception cref="HostupException"><c>journal</c> when it cannot be read.</exception>
    public byte[]? LoadEnvelope(UpdatePlan plan)
    {
        string path = EnvelopePath(plan.Manifest);
        try
        {
            return files.Exists(path) ? files.Read(path) : null;
        }
        catch (IOException e)
        {
            throw Bad(path, e.Message, e);
        }
    }

    private void TryDelete(string path)
    {
        try
        {
            files.Delete(path);
        }
        catch (IOException)
        {
        }
    }

    private byte[] ReadWhole(string path, Digest digest)
    {
        try
        {
            byte[] content = files.Read(path);
            return Digest.Of(content) == digest ? content : throw Bad(path, "its content was altered");
        }
        catch (IOException e)
        {
            throw Bad(path, e.Message, e);
        }
    }

    private static string PlanPath(Digest digest) => $"{Places.Hostup}/plan-{digest.Hex[..16]}";

    private static string ManifestPath(Digest digest) => $"{Places.Hostup}/manifest-{digest.Hex[..16]}";

    private static string EnvelopePath(Digest manifest) => $"{Places.Hostup}/envelope-{manifest.Hex[..16]}";

    private static HostupException Bad(string path, string why, Exception? inner = null) =>
        new(HostupErrors.Journal, $"cannot read {path}", why, "start the update again", inner);
}
