namespace Hostup.Lab.Sim;

/// <summary>How a file system orders what it writes.</summary>
public enum SimFileSystemKind
{
    /// <summary>Names go through a journal, in order.</summary>
    Ext4,

    /// <summary>Nothing is ordered.</summary>
    Fat,
}

/// <summary>
/// A file system with a page cache: what was written is seen at once, but is on the medium only after the matching flush. Strict where POSIX
/// promises nothing: flushing a file does not flush its name.
/// </summary>
public sealed class SimFileSystem(SimFileSystemKind kind, long sizeBytes)
{
    private const int SectorBytes = 512;

    private readonly List<Operation> _pending = [];
    private State _medium = new(Empty(kind), [], [], kind);
    private State _seen = new(Empty(kind), [], [], kind);
    private int _nextFile = 1;

    /// <summary>Bytes that can still be written.</summary>
    public long FreeBytes => sizeBytes - _seen.Names.Values.Distinct().Sum(file => (_seen.Contents[file].LongLength + 4095) / 4096 * 4096);

    /// <summary>Paths of all files.</summary>
    public IEnumerable<string> Paths => _seen.Names.Keys;

    /// <summary>Content; null when the file is not there, nothing when it <see cref="IsBroken"/>.</summary>
    public byte[]? Read(string path) => !_seen.Names.TryGetValue(path, out int file) ? null : _seen.Broken.Contains(file) ? [] : _seen.Contents[file];

    /// <summary>Whether its clusters are not there: another name of the same file was removed, or the power went while FAT wrote them down.</summary>
    public bool IsBroken(string path) => _seen.Names.TryGetValue(path, out int file) && _seen.Broken.Contains(file);

    /// <summary>Puts a file there, on the medium too: provisioning.</summary>
    public void Provision(string path, byte[] content)
    {
        Create(path, content);
        FlushAll();
    }

    public void Create(string path, byte[] content)
    {
        if (!_seen.Names.TryGetValue(path, out int file))
        {
            file = _nextFile++;
            Do(new NewName(path, file));
        }
        if (content.LongLength - _seen.Contents.GetValueOrDefault(file, []).LongLength > FreeBytes)
            throw new Updates.Files.NoRoomException($"no space left on device: {path}");
        Do(new NewContent(file, content));
    }

    public void Overwrite(string path, long offset, byte[] bytes) => Do(new Patch(_seen.Names[path], checked((int)offset), bytes));

    public void Delete(string path)
    {
        if (_seen.Names.ContainsKey(path))
            Do(new NoName(path, Frees: true));
    }

    /// <summary>Removes names and gives nothing back yet.</summary>
    /// <returns>What each of them showed, for <see cref="GiveBack"/>.</returns>
    public IReadOnlyList<int> RemoveNames(IReadOnlyList<string> paths)
    {
        int[] shown = [.. paths.Where(_seen.Names.ContainsKey).Select(p => _seen.Names[p])];
        foreach (string path in paths.Where(_seen.Names.ContainsKey).ToList())
            Do(new NoName(path, Frees: false));
        return shown;
    }

    /// <summary>Gives back what names that were removed showed, whoever else shows it.</summary>
    /// <returns>Whether something was given back twice.</returns>
    public bool GiveBack(IReadOnlyList<int> shown)
    {
        Do(new Freeing(shown));
        return shown.Distinct().Count() < shown.Count;
    }

    public void Rename(string source, string target) => Do(new NewPlace(source, target));

    public void Exchange(string first, string second) => Do(new Swap(first, second));

    public void Flush(string path) => Settle(operation => operation is ContentOperation content && content.File == _seen.Names[path]);

    // Names of one directory; with a journal everything before them goes with them.
    public void FlushDirectory(string directory)
    {
        int last = _pending.FindLastIndex(o => o is NameOperation name && name.Names.Any(n => Path.GetDirectoryName(n) == directory));
        var settled = _pending.Take(last + 1).Where(o => o is NameOperation name && (kind == SimFileSystemKind.Ext4 || name.Names.Any(n => Path.GetDirectoryName(n) == directory))).ToHashSet();
        Settle(settled.Contains);
    }

    public void FlushAll() => Settle(_ => true);

    /// <summary>A flush fails: the medium has what <paramref name="left"/> says, and the kernel does not try the rest again.</summary>
    public void LoseName(Unflushed left)
    {
        if (left != Unflushed.Lost)
            Keep(LastOfTwoNames, left);
        _pending.Clear();
    }

    /// <summary>The power went: what was pending is lost, kept or torn.</summary>
    public void PowerCut(Unflushed unflushed)
    {
        if (unflushed == Unflushed.Torn)
            Tear();
        else if (unflushed != Unflushed.Lost)
            Keep(LastOfTwoNames, unflushed);
        _pending.Clear();
        _seen = _medium.Copy();
    }

    private Operation? LastOfTwoNames => _pending.FindLast(o => o is NameOperation { Names.Length: 2 });

    // FAT finds a name in any case.
    private static Dictionary<string, int> Empty(SimFileSystemKind kind) => new(kind == SimFileSystemKind.Fat ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);

    private void Keep(Operation? last, Unflushed unflushed)
    {
        foreach (var operation in _pending)
        {
            if (kind == SimFileSystemKind.Ext4 || unflushed == Unflushed.Kept || operation != last)
                operation.Apply(_medium);
            else
                ((NameOperation)operation).ApplyTorn(_medium, first: unflushed == Unflushed.FirstName);
        }
    }

    private void Tear()
    {
        int names = 0;
        int nameCount = _pending.Count(o => o is NameOperation);
        foreach (var (operation, index) in _pending.Select((o, i) => (o, i)))
        {
            if (operation is NameOperation name)
                TearName(name, names++, nameCount);
            else
                ((ContentOperation)operation).ApplyTorn(_medium, half: SectorBytes, whole: index % 2 == 0);
        }
    }

    // With a journal a prefix of the names is there, here all but the last; without one, every other.
    private void TearName(NameOperation name, int index, int count)
    {
        if (kind == SimFileSystemKind.Ext4)
        {
            if (index < count - 1 || count == 1)
                name.Apply(_medium);
        }
        else if (index % 2 == 0)
            name.Apply(_medium);
        else
            name.ApplyTorn(_medium, first: index % 4 == 1);
    }

    private void Do(Operation operation)
    {
        operation.Apply(_seen);
        _pending.Add(operation);
    }

    private void Settle(Predicate<Operation> which)
    {
        foreach (var operation in _pending.Where(o => which(o)))
            operation.Apply(_medium);
        _pending.RemoveAll(which);
    }

    private sealed record State(Dictionary<string, int> Names, Dictionary<int, byte[]> Contents, HashSet<int> Broken, SimFileSystemKind Kind)
    {
        public State Copy() => new(new(Names, Names.Comparer), Contents.ToDictionary(c => c.Key, c => (byte[])c.Value.Clone()), [.. Broken], Kind);

        public void Free(int file)
        {
            if (Names.ContainsValue(file))
                Broken.Add(file);
        }
    }

    private abstract record Operation
    {
        public abstract void Apply(State state);
    }

    private abstract record NameOperation(params string[] Names) : Operation
    {
        public virtual void ApplyTorn(State state, bool first)
        {
        }
    }

    private sealed record NewName(string Path, int File) : NameOperation(Path)
    {
        public override void Apply(State state)
        {
            state.Names[Path] = File;
            state.Contents.TryAdd(File, []);
        }
    }

    private sealed record NoName(string Path, bool Frees) : NameOperation(Path)
    {
        public override void Apply(State state)
        {
            if (state.Names.Remove(Path, out int file) && Frees)
                state.Free(file);
        }
    }

    private sealed record Freeing(IReadOnlyList<int> Shown) : NameOperation([])
    {
        public override void Apply(State state)
        {
            foreach (int file in Shown)
                state.Free(file);
        }
    }

    private sealed record NewPlace(string Source, string Target) : NameOperation(Source, Target)
    {
        public override void Apply(State state)
        {
            if (!state.Names.Remove(Source, out int file))
                return;
            bool replaces = state.Names.TryGetValue(Target, out int replaced);
            state.Names[Target] = file;
            if (replaces)
                state.Free(replaced);
        }

        // vfat changes the target's entry in place and removes the source's
        public override void ApplyTorn(State state, bool first)
        {
            if (first)
                state.Names.Remove(Source);
            else if (state.Names.TryGetValue(Source, out int file))
                state.Names[Target] = file;
        }
    }

    private sealed record Swap(string First, string Second) : NameOperation(First, Second)
    {
        public override void Apply(State state)
        {
            if (state.Names.TryGetValue(First, out int first) && state.Names.TryGetValue(Second, out int second))
                (state.Names[First], state.Names[Second]) = (second, first);
        }

        // one of the two entries reached the medium: both names show the same file
        public override void ApplyTorn(State state, bool first)
        {
            if (state.Names.TryGetValue(First, out int one) && state.Names.TryGetValue(Second, out int other))
                state.Names[first ? First : Second] = first ? other : one;
        }
    }

    private abstract record ContentOperation(int File) : Operation
    {
        public abstract void ApplyTorn(State state, int half, bool whole);
    }

    private sealed record NewContent(int File, byte[] Bytes) : ContentOperation(File)
    {
        public override void Apply(State state)
        {
            state.Contents[File] = (byte[])Bytes.Clone();
            state.Broken.Remove(File);
        }

        public override void ApplyTorn(State state, int half, bool whole)
        {
            state.Contents[File] = Bytes[..(Bytes.Length / 2 / half * half)];
            if (state.Kind == SimFileSystemKind.Fat && !whole)
                state.Broken.Add(File);
        }
    }

    private sealed record Patch(int File, int Offset, byte[] Bytes) : ContentOperation(File)
    {
        public override void Apply(State state) => Write(state, Bytes.Length);

        // a single sector is written whole or not at all
        public override void ApplyTorn(State state, int half, bool whole) =>
            Write(state, Bytes.Length <= half ? (whole ? Bytes.Length : 0) : Bytes.Length / 2 / half * half);

        private void Write(State state, int length)
        {
            // In place: each state has arrays of its own.
            if (state.Contents.TryGetValue(File, out byte[]? content) && Offset + length <= content.Length)
                Bytes.AsSpan(0, length).CopyTo(content.AsSpan(Offset));
            else
                state.Contents.TryAdd(File, []);
        }
    }
}
