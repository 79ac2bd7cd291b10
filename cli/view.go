package cli

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
	"github.com/mvrun/mvrun/viewer"
	"github.com/mvrun/mvrun/words"
)

// viewOptions are the flags of `mvrun view`.
type viewOptions struct {
	*runOptions
	filter  viewer.Filter
	format  string
	why     bool
	follow  bool
	columns []string
	wide    bool
	report  *string // the id of the run that is shown whole; nil for none
	output  bool
	noPager bool
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
	f.StringArrayVar(&o.filter.Keywords, "keyword", nil, "only records with exactly this `text` in their message or another of their texts, upper and lower case as it is; repeatable: all of them")
	f.StringArrayVar(&o.filter.Not, "not", nil, "only records without this `text`, likewise; repeatable: none of them")
	f.StringVar(&o.filter.Run, "run", "", "only records of the run with this `id`")
	f.StringVar(&o.filter.Limit, "limit", "", "at most `n` records, the newest ones (default: all)")
	f.BoolVar(&o.filter.Reverse, "reverse", false, "newest first")
	f.BoolVarP(&o.follow, "follow", "f", false, "go on with new records as they are written, until ^C; with --limit 10 as tail -f does")
	f.BoolVar(&o.why, "why", false, "alarms only: say why each was sent, or why nobody was told")
	f.StringArrayVar(&o.columns, "columns", nil, "only these columns, by their `titles`, in this order; repeatable, or several with commas (default: all)")
	f.BoolVar(&o.wide, "wide", false, "cut nothing and leave out no column to fit the terminal")
	f.BoolVar(&o.output, "output", false, "of one run: print its kept output, all of it, and nothing else")
	f.BoolVar(&o.noPager, "no-pager", false, "print on where the terminal is full; else through $MVRUN_PAGER, $PAGER or less")
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
		name: "view", synopsis: "[monitor|heartbeat|log|alarm|run [ID]] [filters]", summary: "read the history",
		details: "In a terminal, without a kind, opens a full-screen viewer with the filters set; ? shows its keys. Otherwise prints items and how they fare (monitor: Status, the Last heartbeat, when the Next is due, Runs in the range of dates) or records, oldest first. Times are written 2024-10-25, \"2024-10-25 08:00\", 7d, 12h, yesterday, today, now. Patterns are those of a shell: * ? [a-z] [!a-z]. With the ID of a run, or a beginning of it, or what follows its dash, it shows that run whole.",
		examples: []string{
			"mvrun view",
			"mvrun view monitor",
			"mvrun view log --begin 7d --level Error,Fatal --keyword license",
			"mvrun view log --keyword license --not feature --not 'checked in'",
			"mvrun view alarm --direction LSF --receivers alice --begin 2024-10-25 --end 2024-10-31",
			"mvrun view alarm --why --begin today --item check_lsf_node_status",
			"mvrun view run --item check_lsf_node_status --limit 20 --reverse",
			"mvrun view run 20241025T080000Z-4f2a90c17b",
			"mvrun view run 4f2a --output",
			"mvrun view heartbeat --begin yesterday --format json | jq .host",
			"mvrun view log --columns time,item,message --wide --level Fatal",
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
	o.filter.Directions, o.filter.Items = given(o.filter.Directions), given(o.filter.Items)
	if err := o.takeOperands(f.Args()); err != nil {
		return err
	}
	if err := o.checkReport(f); err != nil {
		return err
	}
	s := newSession(o.runOptions, f)
	takeFileEnvironment(f)
	known := s.readConfig(time.Now().Add(viewPatience))
	store, err := s.databaseToRead(known)
	if err != nil {
		return err
	}
	if o.isReport() {
		out := newPager(!o.noPager)
		return s.ended(store, out.end(o.printReport(s, store, out)))
	}
	if o.opensScreen(f) {
		return o.openScreen(s, store)
	}
	query, err := o.filter.Query(time.Now(), s.config.Levels)
	if err != nil {
		return inputError(err)
	}
	if o.why && query.Kind != record.Alarm {
		return usageError{errors.New("--why is about alarms"), "mvrun view alarm --why"}
	}
	options, err := o.printOptions(query.Kind)
	if err == nil {
		err = o.checkFollow(query.Kind)
	}
	if err != nil {
		return err
	}
	options.Rules = rules(s.config)
	options.Waiting = waitingAlarms(store)
	return s.ended(store, o.show(store, query, options))
}

// ended is what every view does at its end, with the error of what it has shown.
func (s *session) ended(store *record.Store, err error) error {
	if checkMissed(store, record.Item{}, time.Now()) {
		s.store = store
		s.startCheck(runner.NewSupervisor())
	}
	if errors.Is(err, syscall.EPIPE) {
		return nil // `mvrun view log | head` has seen enough
	}
	switch err.(type) {
	case nil, usageError, statusError, silentStatus:
		return err
	}
	return statusError{err, 1}
}

// printOptions say how a listing of a kind is printed.
func (o *viewOptions) printOptions(kind record.Kind) (viewer.Options, error) {
	if len(o.columns) > 0 && o.format == string(viewer.JSON) {
		return viewer.Options{}, usageError{errors.New("--columns is about tables, csv and tsv"), "JSON has the keys of the records; jq '{time, message}' takes some of them"}
	}
	columns, err := viewer.ParseColumns(kind, o.columns)
	if input, ok := errors.AsType[*viewer.InputError](err); ok {
		hint := input.Hint
		if near := words.Nearest(input.Value, viewer.ColumnNames(kind)); near != "" {
			hint = "did you mean " + near + "? It is " + hint
		}
		return viewer.Options{}, usageError{input, hint}
	}
	width := terminalWidth(os.Stdout.Fd())
	options := viewer.Options{
		Format: viewer.Format(o.format), Columns: columns, Width: width, Notes: stderrWriter{}, Why: o.why,
		Color: isColored(width),
	}
	if o.wide {
		options.Width = 0
	}
	return options, err
}

// inputError is a mistake of somebody who asks for a listing, with what would be
// right.
func inputError(err error) error {
	if input, ok := errors.AsType[*viewer.InputError](err); ok {
		return usageError{input, input.Hint}
	}
	return err
}

// show prints the listing.
func (o *viewOptions) show(store *record.Store, query record.Query, options viewer.Options) error {
	if query.Limit > 0 {
		debug.SetGCPercent(30) // a large limit holds many records
	}
	if !o.follow {
		out := newPager(!o.noPager)
		options.Notes = noteWriter{out}
		err := viewer.Print(out, store, query, options)
		o.noteUnknown(store, options.Notes)
		return out.end(err)
	}
	o.noteUnknown(store, options.Notes)
	ctx, stop := untilStopped()
	defer stop()
	return viewer.Follow(ctx, stdoutWriter{}, store, query, options)
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

// given leaves out the empty ones of names, which mean all as other flags have it.
func given(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// takeOperands reads the kind and, behind "run", an id.
func (o *viewOptions) takeOperands(operands []string) error {
	if len(operands) > 0 {
		o.filter.Kind = operands[0]
	}
	if len(operands) > 1 && strings.HasPrefix(strings.ToLower(operands[0]), "run") && o.filter.Run == "" {
		o.filter.Run, o.report = operands[1], &operands[1]
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

// isColored reports whether a terminal of this width, 0 for none, is to show colours.
func isColored(width int) bool {
	return width > 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// terminalWidth is the number of columns, or 0 where no terminal is.
func terminalWidth(fd uintptr) int {
	size, err := unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}
