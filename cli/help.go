package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// runExamples are shown by mvrun --help and in the man page.
var runExamples = []string{
	"*/10 * * * * mvrun --direction LSF --item check_lsf_node_status -- /ic/scripts/check_lsf_node_status.sh",
	`mvrun -d storage -i backup --timeout 2h --alarm-frequency "max 3 times" -- rsync -a /home/ /backup/home/`,
	"mvrun --retries 2 --overlap skip --label team=cad -- ./nightly.sh --full",
	`mvrun --quiet --scan both --error-on '(?i)segmentation fault' -- make -C /proj/regress`,
}

const runDetails = `mvrun stands in front of a command and makes a monitored job of it. The command
behaves as it does without mvrun: the same output, status, signals, stdin and
environment. On success mvrun itself prints nothing; what goes wrong with the
monitoring is one warning on stderr and never stops the job.

Lines of the output that begin with DEBUG: INFO: WARNING: ERROR: FATAL: become
log records, and those that begin with ALARM: are sent to the receivers:

  ERROR: file system /proj is 97% full
  ALARM[title="LSF node down", to="alice bob"]: n232-133-016 is unreachable

Indented lines that follow belong to the record. A first word, behind the flags,
that names a subcommand is that subcommand: write -- before the command where a
program of that name is meant. Each flag may also be set as
MVRUN_<NAME> in the environment, e.g. MVRUN_TIMEOUT=2h, or below defaults: in
the config. Times are written 90 (seconds), 90s, 5m, 1h30m, 2d.

ALARM FREQUENCY
  everytime               every alarm is sent (default)
  max <n> times           the same alarm at most n times a calendar day
  max <n> times per minute|hour|day|week|run
                          at most n in one minute, hour, day or week (from
                          Monday on) of local time, or in one run
  once per <duration>     not sooner than, say, 30m, 2h or 1d after the last one
  on change               only when it differs from the last one sent
  The same alarm is one with equal receivers and message, unless its key, or
  alarm_key in the config, says otherwise. Failed attempts do not count; what is
  held back is recorded with the reason, which mvrun view alarm --why shows.

EXIT STATUS
  the command's own; 128+N where signal N ended it (mvrun dies of the same
  signal); 124 after a timeout; 126 or 127 where it cannot be executed or found;
  125 where mvrun cannot read its own command line

FILES
  config: --config, $MVRUN_CONFIG, config/mvrun.yaml beside the folder that
  holds mvrun, ~/.config/mvrun/mvrun.yaml, /etc/mvrun/mvrun.yaml. Without one,
  records are kept in /var/lib/mvrun (root) or ~/.local/share/mvrun.`

func helpCommand() *command {
	return &command{
		name: "help", synopsis: "[COMMAND | man]", summary: "explain a command, or print the man page",
		examples: []string{"mvrun help view", "mvrun help man | man -l -"},
		flags:    func() *flagSet { return newFlagSet("help") },
		run:      runHelp,
	}
}

func runHelp(args []string) error {
	switch {
	case len(args) == 0 || args[0] == "--help" || args[0] == "-h":
		return printHelp(os.Stdout, nil)
	case len(args) > 1:
		return usageError{errors.New("help takes one command"), "mvrun help view"}
	case args[0] == "man":
		return printManual(os.Stdout)
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return printHelp(os.Stdout, c)
		}
	}
	return usageError{fmt.Errorf("%q is no command of mvrun%s", args[0], didYouMean(args[0], commandNames())), "see mvrun --help"}
}

// printHelp explains a subcommand, or mvrun itself where it is nil.
func printHelp(w io.Writer, c *command) error {
	var b strings.Builder
	if c == nil {
		writeMainHelp(&b)
	} else {
		fmt.Fprintf(&b, "%s: %s\n\nUSAGE\n  %s\n", "mvrun "+c.name, c.summary, c.usage())
		if c.details != "" {
			fmt.Fprintf(&b, "\n%s\n", wrap(c.details, 78))
		}
		writeFlags(&b, c.flags())
		writeExamples(&b, c.examples)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (c *command) usage() string {
	return strings.TrimRight("mvrun "+c.name+" "+c.synopsis, " ")
}

func writeMainHelp(b *strings.Builder) {
	b.WriteString("mvrun: any command, monitored\n\nUSAGE\n  mvrun [flags] -- command [args…]\n")
	for _, c := range commands() {
		fmt.Fprintf(b, "  %-42s %s\n", c.usage(), c.summary)
	}
	fmt.Fprintf(b, "\n%s\n", runDetails)
	writeFlags(b, newRunOptions().flags())
	writeExamples(b, runExamples)
}

func writeFlags(b *strings.Builder, f *pflag.FlagSet) {
	if usages := f.FlagUsagesWrapped(100); usages != "" {
		fmt.Fprintf(b, "\nFLAGS\n%s", usages)
	}
}

func writeExamples(b *strings.Builder, examples []string) {
	if len(examples) == 0 {
		return
	}
	b.WriteString("\nEXAMPLES\n")
	for _, example := range examples {
		fmt.Fprintf(b, "  %s\n", example)
	}
}

// wrap breaks a paragraph at blanks.
func wrap(text string, width int) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case column+1+len(word) > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
