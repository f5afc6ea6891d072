using System.CommandLine;

var root = new RootCommand("hostup-lab");
return await root.Parse(args).InvokeAsync();
