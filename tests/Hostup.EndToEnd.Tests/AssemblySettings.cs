// Virtual devices under software emulation need both processors: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
