// Package cli is mvrun's command line: one file a subcommand. It alone knows
// all the other packages and wires them together.
package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/mvrun/mvrun/runner"
)

// command is one subcommand.
type command struct {
	name     string
	synopsis string // what follows the name
	summary  string // one line, lower case
	details  string // paragraphs of the help
	examples []string
	flags    func() *pflag.FlagSet
	run      func(args []string) error
}

// commands lists the subcommands in the order of the help. It is a function, so
// that a run pays nothing for it.
func commands() []*command {
	return []*command{
		viewCommand(), whyCommand(), checkCommand(), logCommand(), alarmCommand(), flushCommand(), muteCommand(), unmuteCommand(), retireCommand(), pruneCommand(),
		initCommand(), doctorCommand(), serveCommand(), selftestCommand(),
		versionCommand(), helpCommand(), completionCommand(),
	}
}

func commandNames() []string {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return names
}

// subcommands are all words that are no program to run when they come first: the
// names of commands, in a form that costs a run nothing.
var subcommands = []string{
	"view", "log", "alarm", "flush", "version", "help", "completion",
	"check", "mute", "unmute", "retire", "init", "doctor", "serve", "selftest", "prune", "why",
}

// Run is mvrun: it carries out the command line and returns the exit status.
func Run(args []string) int {
	useZone()
	if len(args) > 0 && strings.HasPrefix(args[0], internalPrefix) {
		return internal(args[0], args[1:])
	}
	if len(args) > 0 && slices.Contains(subcommands, args[0]) {
		return finish(runSubcommand(args[0], args[1:]))
	}
	if name, before, behind := subcommandBehind(args); name != "" {
		return finish(runSubcommandBehind(name, before, behind))
	}
	return runJob(args)
}

// subcommandBehind finds the subcommand that is the first word behind flags, where no
// -- says that a program is meant, and gives those flags: they are the subcommand's.
func subcommandBehind(args []string) (name string, before, behind []string) {
	isSubcommand := func(word string) bool { return slices.Contains(subcommands, word) }
	if !slices.ContainsFunc(args, isSubcommand) {
		return "", nil, nil // as nearly every run
	}
	flags := newRunOptions().flags()
	err := flags.Parse(args)
	if err == nil && flags.NArg() > 0 && flags.ArgsLenAtDash() < 0 && isSubcommand(flags.Arg(0)) {
		at := len(args) - flags.NArg()
		return args[at], args[:at], args[at+1:]
	}
	// A flag that no run has may be the subcommand's, which alone knows whether it has a value.
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return "", nil, nil
	}
	for at, word := range args {
		if word == "--" {
			break
		}
		if !isSubcommand(word) {
			continue
		}
		own := findCommand(word).flags()
		own.SetInterspersed(false)
		if own.Parse(args[:at]) == nil && own.NArg() == 0 {
			return word, args[:at], args[at+1:]
		}
	}
	return "", nil, nil
}

// runSubcommandBehind runs a subcommand with the flags that stand before it. Where
// they are none of its, a program of that name may have been meant.
func runSubcommandBehind(name string, before, behind []string) error {
	err := runSubcommand(name, slices.Concat(before, behind))
	if usage, ok := errors.AsType[usageError](err); ok {
		usage.hint = strings.TrimPrefix(usage.hint+"; ", "; ") + "to run a program named " + name + ", write -- before it"
		return usage
	}
	return err
}

func findCommand(name string) *command {
	all := commands()
	return all[slices.IndexFunc(all, func(c *command) bool { return c.name == name })]
}

func runSubcommand(name string, args []string) error {
	c := findCommand(name)
	if wantsHelp(args) && name != "help" {
		return printHelp(os.Stdout, c)
	}
	err := c.run(args)
	if errors.Is(err, pflag.ErrHelp) { // --help behind other words
		return printHelp(os.Stdout, c)
	}
	return err
}

// wantsHelp looks for --help before the first operand.
func wantsHelp(args []string) bool {
	for _, arg := range args {
		if arg == "--help" || arg == "-h" {
			return true
		}
		if arg == "--" || !strings.HasPrefix(arg, "-") {
			return false
		}
	}
	return false
}

// usageError is a command line that cannot be carried out, with what would be
// right.
type usageError struct {
	err  error
	hint string
}

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// statusError ends mvrun with a status of its own after a message.
type statusError struct {
	err    error
	status int
}

func (e statusError) Error() string { return e.err.Error() }
func (e statusError) Unwrap() error { return e.err }

// silentStatus ends mvrun with this status, where all has been said.
type silentStatus int

func (s silentStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// finish turns an error into the exit status, telling the user. It is the only
// place that does.
func finish(err error) int {
	if err == nil {
		return 0
	}
	if status, ok := errors.AsType[silentStatus](err); ok {
		return int(status)
	}
	printError("%v", err)
	if usage, ok := errors.AsType[usageError](err); ok && usage.hint != "" {
		printLine("mvrun: hint: " + usage.hint)
	}
	if status, ok := errors.AsType[statusError](err); ok {
		return status.status
	}
	return runner.ExitFault
}
