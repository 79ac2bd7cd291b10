package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

func completionCommand() *command {
	return &command{
		name: "completion", synopsis: "bash|zsh|fish", summary: "print a completion script for a shell",
		examples: []string{
			"mvrun completion bash > /etc/bash_completion.d/mvrun",
			"mvrun completion zsh > /usr/local/share/zsh/site-functions/_mvrun",
			"mvrun completion fish > ~/.config/fish/completions/mvrun.fish",
		},
		flags: func() *flagSet { return newFlagSet("completion") },
		run:   runCompletion,
	}
}

func runCompletion(args []string) error {
	shells := map[string]func() string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}
	names := []string{"bash", "zsh", "fish"}
	if len(args) != 1 {
		return usageError{errors.New("completion needs the name of a shell"), "mvrun completion " + strings.Join(names, "|")}
	}
	script := shells[args[0]]
	if script == nil {
		return usageError{fmt.Errorf("%q is no shell that mvrun knows%s", args[0], didYouMean(args[0], names)), "use " + strings.Join(names, ", ")}
	}
	_, err := io.WriteString(os.Stdout, script())
	return err
}

// completions are the words that may follow mvrun and each of its commands; ""
// stands for mvrun itself.
func completions() (commandNames []string, flagsOf map[string][]*pflag.Flag) {
	flagsOf = map[string][]*pflag.Flag{"": allFlags(newRunOptions().flags())}
	for _, c := range commands() {
		commandNames = append(commandNames, c.name)
		flagsOf[c.name] = allFlags(c.flags())
	}
	return commandNames, flagsOf
}

func allFlags(f *pflag.FlagSet) []*pflag.Flag {
	var flags []*pflag.Flag
	visitFlags(f, func(flag *pflag.Flag) { flags = append(flags, flag) })
	return flags
}

// choicesOf are the words that a flag accepts, where they are few.
func choicesOf(flag *pflag.Flag) []string {
	if choice, ok := flag.Value.(choiceValue); ok {
		return choice.choices
	}
	return nil
}

func bashCompletion() string {
	names, flagsOf := completions()
	var b strings.Builder
	b.WriteString("# bash completion of mvrun\n_mvrun() {\n")
	b.WriteString("    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} flags words=\n")
	b.WriteString("    case $before in\n")
	seen := map[string]bool{}
	for _, command := range append([]string{""}, names...) {
		for _, flag := range flagsOf[command] {
			if choices := choicesOf(flag); choices != nil && !seen[flag.Name] {
				seen[flag.Name] = true
				fmt.Fprintf(&b, "    --%s) COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n", flag.Name, strings.Join(choices, " "))
			}
		}
	}
	b.WriteString("    --config|--db|--script) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n    esac\n")
	b.WriteString("    case ${COMP_WORDS[1]} in\n")
	for _, command := range names {
		fmt.Fprintf(&b, "    %s) flags='%s' ;;\n", command, dashed(flagsOf[command]))
	}
	fmt.Fprintf(&b, "    *) flags='%s' ;;\n    esac\n", dashed(flagsOf[""]))
	fmt.Fprintf(&b, "    [ \"$COMP_CWORD\" -eq 1 ] && words='%s'\n", strings.Join(names, " "))
	b.WriteString(`    case $word in
    -*) COMPREPLY=($(compgen -W "$flags --help" -- "$word")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$word") $(compgen -c -- "$word") $(compgen -f -- "$word")) ;;
    esac
}
complete -o filenames -F _mvrun mvrun
`)
	return b.String()
}

func dashed(flags []*pflag.Flag) string {
	var names []string
	for _, flag := range flags {
		names = append(names, "--"+flag.Name)
	}
	return strings.Join(names, " ")
}

func zshCompletion() string {
	names, flagsOf := completions()
	var b strings.Builder
	b.WriteString("#compdef mvrun\n_mvrun() {\n  local -a commands\n  commands=(\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "    '%s:%s'\n", c.name, quoteSingle(c.summary))
	}
	b.WriteString("  )\n  if (( CURRENT == 2 )); then _describe command commands; fi\n")
	b.WriteString("  (( CURRENT > 2 )) && case ${words[2]} in\n")
	for _, command := range names {
		fmt.Fprintf(&b, "  %s)\n    shift words; (( CURRENT-- ))\n    _arguments -S %s'*:argument:_files'\n    return\n    ;;\n", command, zshFlags(flagsOf[command]))
	}
	b.WriteString("  esac\n")
	fmt.Fprintf(&b, "  _arguments -S %s'1:command:_command_names -e' '*::arguments:_normal'\n}\n", zshFlags(flagsOf[""]))
	b.WriteString("if [ \"$funcstack[1]\" = _mvrun ]; then _mvrun \"$@\"; else compdef _mvrun mvrun; fi\n")
	return b.String()
}

func zshFlags(flags []*pflag.Flag) string {
	var b strings.Builder
	for _, flag := range flags {
		value, usage := pflag.UnquoteUsage(flag)
		usage = strings.NewReplacer("[", "(", "]", ")", ":", " -").Replace(usage)
		fmt.Fprintf(&b, "'--%s[%s]", flag.Name, quoteSingle(usage))
		switch choices := choicesOf(flag); {
		case choices != nil:
			fmt.Fprintf(&b, ":%s:(%s)", flag.Name, strings.Join(choices, " "))
		case flag.Name == "config" || flag.Name == "db" || flag.Name == "script":
			fmt.Fprintf(&b, ":%s:_files", value)
		case value != "":
			fmt.Fprintf(&b, ":%s: ", strings.ReplaceAll(value, ":", " "))
		}
		b.WriteString("' \\\n    ")
	}
	return b.String()
}

func quoteSingle(text string) string { return strings.ReplaceAll(text, "'", `'\''`) }

func fishCompletion() string {
	names, flagsOf := completions()
	var b strings.Builder
	b.WriteString("# fish completion of mvrun\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "complete -c mvrun -n __fish_use_subcommand -a %s -d '%s'\n", c.name, fishQuote(c.summary))
	}
	for _, command := range append([]string{""}, names...) {
		condition := "__fish_use_subcommand"
		if command != "" {
			condition = "__fish_seen_subcommand_from " + command
		}
		for _, flag := range flagsOf[command] {
			value, usage := pflag.UnquoteUsage(flag)
			fmt.Fprintf(&b, "complete -c mvrun -n '%s' -l %s", condition, flag.Name)
			if flag.Shorthand != "" {
				fmt.Fprintf(&b, " -s %s", flag.Shorthand)
			}
			if choices := choicesOf(flag); choices != nil {
				fmt.Fprintf(&b, " -x -a '%s'", strings.Join(choices, " "))
			} else if value != "" {
				b.WriteString(" -r")
			}
			fmt.Fprintf(&b, " -d '%s'\n", fishQuote(usage))
		}
	}
	return b.String()
}

func fishQuote(text string) string {
	return strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text)
}
