package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// viewOptions are the flags of `mvrun view`.
type viewOptions struct {
	*runOptions
	filter viewer.Filter
	format string
	why    bool
}

func newViewFlags() (*viewOptions, *flagSet) {
	o := &viewOptions{runOptions: newRunOptions()}
	f := newFlagSet("view")
	f.SetInterspersed(true)
	f.StringVar(&o.filter.Begin, "begin", "", "from this `time` on (default: 7 days ago)")
	f.StringVar(&o.filter.End, "end", "", "up to this `time`; a date means to its end")
	f.StringArrayVarP(&o.filter.Directions, "direction", "d", nil, "only directions that match this `name` or pattern; repeatable")
	f.StringArrayVarP(&o.filter.Items, "item", "i", nil, "only items that match this `name` or pattern; repeatable")
	f.StringArrayVar(&o.filter.Levels, "level", nil, "only messages of this `level`; repeatable, or several with commas")
	f.StringArrayVar(&o.filter.Receivers, "receivers", nil, "only alarms to one of these `names`")
	f.StringArrayVar(&o.filter.Keywords, "keyword", nil, "only records that contain this `text`; repeatable: all of them")
	f.StringVar(&o.filter.Run, "run", "", "only records of the run with this `id`")
	f.StringVar(&o.filter.Limit, "limit", "", "at most `n` records, the newest ones (default: all)")
	f.BoolVar(&o.filter.Reverse, "reverse", false, "newest first")
	f.BoolVar(&o.why, "why", false, "alarms only: say why each was sent, or why nobody was told")
	f.Var(choiceValue{&o.format, formatNames()}, "format", "table, json (one object a line), csv or tsv")
	o.format = string(viewer.Table)
	f.Lookup("format").DefValue = o.format
	addDatabaseFlags(f, &o.config, &o.db)
	return o, f
}

func formatNames() []string {
	var names []string
	for _, format := range viewer.Formats {
		names = append(names, string(format))
	}
	return names
}

func viewCommand() *command {
	return &command{
		name: "view", synopsis: "[monitor|heartbeat|log|alarm|run] [filters]", summary: "read the history",
		details: "Prints items (monitor) or records, oldest first. Times are written 2024-10-25, \"2024-10-25 08:00\", 7d, 12h, yesterday, today, now. Patterns are those of a shell: * ? [a-z].",
		examples: []string{
			"mvrun view monitor",
			"mvrun view log --begin 7d --level Error,Fatal --keyword license",
			"mvrun view alarm --direction LSF --receivers alice --begin 2024-10-25 --end 2024-10-31",
			"mvrun view alarm --why --begin today --item check_lsf_node_status",
			"mvrun view run --item check_lsf_node_status --limit 20 --reverse",
			"mvrun view heartbeat --begin yesterday --format json | jq .host",
		},
		flags: func() *flagSet { _, f := newViewFlags(); return f },
		run:   runView,
	}
}

func runView(args []string) error {
	o, f := newViewFlags()
	if err := f.Parse(args); err != nil {
		return flagError("view", f, err)
	}
	if err := o.takeOperands(f.Args()); err != nil {
		return err
	}
	s := newSession(o.runOptions, f)
	takeFileEnvironment(f)
	known := s.readConfig(time.Now().Add(viewPatience))
	store, err := s.databaseToRead(known)
	if err != nil {
		return err
	}
	query, err := o.filter.Query(time.Now(), s.config.Levels)
	if input, ok := errors.AsType[*viewer.InputError](err); ok {
		return usageError{input, input.Hint}
	}
	if err != nil {
		return err
	}
	if o.why && query.Kind != record.Alarm {
		return usageError{errors.New("--why is about alarms"), "mvrun view alarm --why"}
	}
	width := terminalWidth(os.Stdout.Fd())
	err = viewer.Print(stdoutWriter{}, store, query, viewer.Options{
		Format: viewer.Format(o.format), Width: width, Notes: stderrWriter{}, Why: o.why,
		Color: width > 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
	})
	if errors.Is(err, syscall.EPIPE) {
		return nil // `mvrun view log | head` has seen enough
	}
	if err != nil {
		return statusError{err, 1}
	}
	return nil
}

// takeFileEnvironment takes what the command line says nothing of from MVRUN_CONFIG
// and MVRUN_DB; the other variables are about a run.
func takeFileEnvironment(f *flagSet) {
	for _, name := range []string{"config", "db"} {
		if value := os.Getenv(envName(name)); value != "" && !f.Changed(name) {
			_ = f.Set(name, value)
		}
	}
}

// viewPatience is how long a config may take for somebody who waits for an
// answer.
const viewPatience = 10 * time.Second

// takeOperands reads the kind and, behind "run", an id.
func (o *viewOptions) takeOperands(operands []string) error {
	if len(operands) > 0 {
		o.filter.Kind = operands[0]
	}
	if len(operands) > 1 && strings.HasPrefix(operands[0], "run") && o.filter.Run == "" {
		o.filter.Run = operands[1]
		operands = operands[1:]
		if o.filter.Begin == "" {
			o.filter.Begin = runDay(operands[0])
		}
	}
	if len(operands) > 1 {
		return usageError{fmt.Errorf("view shows one kind; %q is one too many", operands[1]), "see mvrun view --help"}
	}
	return nil
}

// runDay is the day before a run began, as its id says: its records cannot be
// older, in whatever time zone.
func runDay(id string) string {
	if start, err := time.Parse("20060102", id[:min(8, len(id))]); err == nil {
		return start.AddDate(0, 0, -1).Format("2006-01-02")
	}
	return ""
}

// stdoutWriter goes past os.Stdout, where a pipe whose reader is gone would kill
// mvrun.
type stdoutWriter struct{}

func (stdoutWriter) Write(p []byte) (int, error) { return writeAll(1, p) }

// stderrWriter is where the viewer notes what it could not read.
type stderrWriter struct{}

func (stderrWriter) Write(p []byte) (int, error) {
	printLine("mvrun: note: " + strings.TrimRight(string(p), "\n"))
	return len(p), nil
}

// terminalWidth is the number of columns, or 0 where no terminal is.
func terminalWidth(fd uintptr) int {
	size, err := unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}
