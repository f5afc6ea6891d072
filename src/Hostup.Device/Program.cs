using System.CommandLine;

var root = new RootCommand("hostup-device");
return await root.Parse(args).InvokeAsync().ConfigureAwait(false);
