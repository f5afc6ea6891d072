using System.CommandLine;

namespace Hostup.Cli.Completion;

/// <summary>hostup completion: scripts with which a shell completes command lines. They ask the program itself, so that they never grow old.</summary>
internal static class CompletionCommands
{
    // The line goes up to the cursor and without the program; the suggest directive gets the position in it. What the program does not know may be a file.
    private const string Bash = """
        # completion of hostup for bash
        _hostup()
        {
            local line="${COMP_LINE:0:COMP_POINT}"
            line="${line#* }"
            mapfile -t COMPREPLY < <(IFS=$'\n'; compgen -W "$("$1" "[suggest:${#line}]" "$line" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}")
        }
        complete -o default -F _hostup hostup
        """;

    // Read by the shell itself or found by its name in the function path.
    private const string Zsh = """
        #compdef hostup
        # completion of hostup for zsh
        _hostup()
        {
            local line="${(j: :)words[2,CURRENT]}"
            local -a found
            found=(${(f)"$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)"})
            compadd -a found || _files
        }
        if [ "$funcstack[1]" = "_hostup" ]; then
            _hostup "$@"
        else
            compdef _hostup hostup
        fi
        """;

    public static Command Build(Terminal terminal) => new("completion", "Scripts with which a shell completes command lines.")
    {
        Script(terminal, "bash", Bash, "hostup completion bash > ~/.local/share/bash-completion/completions/hostup"),
        Script(terminal, "zsh", Zsh, "hostup completion zsh > ~/.zfunc/_hostup"),
    };

    private static ExampleCommand Script(Terminal terminal, string shell, string script, string example)
    {
        var command = new ExampleCommand(shell, $"Print the script for {shell}.", example);
        command.SetAction((_, _) => terminal.Output.WriteLineAsync(script));
        return command;
    }
}
