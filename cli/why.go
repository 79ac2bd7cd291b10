package cli

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
	"github.com/mvrun/mvrun/words"
)

// whyOptions are the flags of `mvrun why`.
type whyOptions struct {
	*runOptions
	format  string
	noPager bool
}

func newWhyFlags() (*whyOptions, *flagSet) {
	o := &whyOptions{runOptions: newRunOptions(), format: string(viewer.Table)}
	f := newFlagSet("why")
	f.SetInterspersed(true)
	f.Var(choiceValue{&o.format, []string{string(viewer.Table), string(viewer.JSON)}}, "format", "table, a text for people, or json, one document")
	f.Lookup("format").DefValue = o.format
	f.BoolVar(&o.noPager, "no-pager", false, "print on where the terminal is full; else through $MVRUN_PAGER, $PAGER or less")
	addDatabaseFlags(f, &o.config, &o.db)
	return o, f
}

func whyCommand() *command {
	return &command{
		name: "why", synopsis: "RUN|[DIRECTION/]ITEM", summary: "say why a run failed, beside the last good one",
		details: "Prints one block to paste into a ticket: the run, or the last failed one of an item, beside the last one that ended well (status, duration, output, checksum of the script, host, names of environment variables that differ), what it logged, its alarms and what became of them, and the end of its output. Secrets are masked. The exit status is 1 where there is no such run, or no failed one.",
		examples: []string{
			"mvrun why LSF/check_lsf_node_status",
			"mvrun why check_lsf_node_status | mail -s 'check_lsf_node_status' alice",
			"mvrun why 20241025T080000Z-4f2a90c17b",
			"mvrun why LSF/check_lsf_node_status --format json | jq '.comparison[] | select(.differs)'",
		},
		flags: func() *flagSet { _, f := newWhyFlags(); return f },
		run:   runWhy,
	}
}

func runWhy(args []string) error {
	o, f := newWhyFlags()
	if err := f.Parse(args); err != nil {
		return flagError("why", f, err)
	}
	if f.NArg() != 1 {
		return usageError{errors.New("why needs one run, or one item"), "mvrun why LSF/check_lsf_node_status; mvrun view run lists runs with their ids"}
	}
	s := newSession(o.runOptions, f)
	takeFileEnvironment(f)
	store, err := s.databaseToRead(s.readConfig(time.Now().Add(viewPatience)))
	if err != nil {
		return err
	}
	out := newPager(!o.noPager)
	return s.ended(store, out.end(o.print(s, store, out, f.Arg(0))))
}

func (o *whyOptions) print(s *session, store *record.Store, out io.Writer, subject string) error {
	report, err := readSubject(store, subject, s.reportOptions(store, nil, nil))
	if err != nil {
		return reportError(err)
	}
	return viewer.PrintWhy(out, report, printed(o.format))
}

// readSubject reads a run by its id, or the last failed one of an item. An item may be
// named like a part of an id; then it is meant.
func readSubject(store *record.Store, subject string, options viewer.RunOptions) (*viewer.RunReport, error) {
	now := time.Now()
	if beginsAsRun(subject) || strings.TrimSpace(subject) == "" {
		return viewer.ReadRun(store, subject, now, options)
	}
	item, found, err := itemNamed(store, subject)
	switch {
	case err != nil:
		return nil, err
	case found:
		return viewer.ReadLastFailed(store, item, now, options)
	}
	report, err := viewer.ReadRun(store, subject, now, options)
	if _, ok := errors.AsType[*viewer.InputError](err); ok {
		return nil, &viewer.InputError{Name: "item or run", Value: subject, Problem: "is not on record", Hint: "mvrun view monitor lists the items, mvrun view run the runs with their ids" + nearItem(store, subject)}
	}
	return report, err
}

func beginsAsRun(subject string) bool {
	matched, _ := regexp.MatchString(`^\d{8}T\d`, subject) // the pattern is right
	return matched
}

// itemNamed finds the item of a name, with or without its direction.
func itemNamed(store *record.Store, name string) (item record.Item, found bool, err error) {
	var directions []string
	if direction, rest, ok := strings.Cut(name, "/"); ok {
		directions, name = []string{record.LiteralPattern(direction)}, rest
	}
	items, err := store.Items(directions, []string{record.LiteralPattern(name)})
	switch {
	case len(items) == 0:
		return item, false, err
	case len(items) == 1:
		return items[0], true, nil
	}
	var names []string
	for _, item := range items {
		names = append(names, item.String())
	}
	return item, false, &viewer.InputError{Name: "item", Value: name, Problem: "is in several directions", Hint: "one of " + strings.Join(names, ", ")}
}

// nearItem suggests an item of a similar name.
func nearItem(store *record.Store, subject string) string {
	_, name, ok := strings.Cut(subject, "/")
	if !ok {
		name = subject
	}
	items, _ := store.Items(nil, nil)
	names := make([]string, len(items))
	for i, item := range items {
		names[i] = item.Name
	}
	near := words.Nearest(name, names)
	for _, item := range items {
		if item.Name == near {
			return fmt.Sprintf("; did you mean %s?", item)
		}
	}
	return ""
}
