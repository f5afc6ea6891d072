using System.CommandLine;

var root = new RootCommand("hostup");
return await root.Parse(args).InvokeAsync();
