using System.CommandLine;
using Hostup.Core.Errors;
using Hostup.Lab.Testing;

var root = new RootCommand("Makes host OS images and runs virtual devices; for builders and testers of Hostup")
{
    TestCommand.Create(),
};
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (HostupException e)
{
    await Console.Error.WriteLineAsync($"hostup-lab: {e.What}: {e.Why} [{e.Code}]\n            {e.WhatToDo}");
    return 1;
}
