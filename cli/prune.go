package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mvrun/mvrun/notify"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// pruneOptions are the flags of `mvrun prune`.
type pruneOptions struct {
	*runOptions
	dryRun, verbose, json bool
}

func newPruneFlags() (*pruneOptions, *flagSet) {
	o := &pruneOptions{runOptions: newRunOptions()}
	f := newFlagSet("prune")
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "say what would be done, and do nothing")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "say what was done for each item")
	f.BoolVar(&o.json, "json", false, "print the summary as JSON")
	addDatabaseFlags(f, &o.config, &o.db)
	return o, f
}

func pruneCommand() *command {
	return &command{
		name: "prune", synopsis: "[flags]", summary: "remove and archive old records, as retention: in the config says",
		details: "Removes what is past its date, and moves what is older than archive_after into the archive below the database, compressed: mvrun view finds it there as before, monitorViewer does not. Today and yesterday stay, and so do the alarms of days that wait to be sent, files that are no records, and files of other users. It may run on many hosts at once, beside jobs, and be stopped at any time. The exit status is 1 where something could not be done.",
		examples: []string{
			"mvrun prune --dry-run",
			"mvrun prune --verbose",
			"30 4 * * * mvrun prune",
			"mvrun prune --json | jq .removed.bytes",
		},
		flags: func() *flagSet { _, f := newPruneFlags(); return f },
		run:   runPrune,
	}
}

func runPrune(args []string) error {
	o, f := newPruneFlags()
	if err := f.Parse(args); err != nil {
		return flagError("prune", f, err)
	}
	if f.NArg() > 0 {
		return usageError{errors.New("prune takes no arguments"), "see mvrun prune --help"}
	}
	s := newSession(o.runOptions, f)
	takeFileEnvironment(f)
	store, err := s.databaseToRead(s.readConfig(time.Now().Add(viewPatience)))
	if err != nil {
		return err
	}
	s.store = store
	if s.config.Retention.IsZero() && s.retentionTrouble == "" && !o.json {
		_, err := writeAll(1, []byte("the config has no retention: everything is kept\n"))
		return err
	}
	ctx, cancel := contextOf(runner.NewSupervisor())
	defer cancel()
	meter := newPruneMeter(o)
	report, err := s.prune(ctx, o.dryRun, meter.progress)
	meter.end()
	if err == nil || s.retentionTrouble == "" || o.json {
		err = errors.Join(err, o.print(report))
	}
	if err == nil && report.Failures > 0 {
		err = fmt.Errorf("%d files or folders could not be dealt with: %w", report.Failures, errors.Join(report.Problems...))
	}
	if err != nil {
		return statusError{err, 1}
	}
	return nil
}

// prune does what retention: in the config asks for. progress may be nil.
func (s *session) prune(ctx context.Context, dryRun bool, progress func(record.PruneProgress)) (record.PruneReport, error) {
	if s.retentionTrouble != "" {
		return record.PruneReport{}, errors.New("nothing is removed: " + s.retentionTrouble)
	}
	retention := s.config.Retention
	if retention.IsZero() {
		return record.PruneReport{}, nil
	}
	unsent, err := notify.Unsent(s.store)
	if err != nil {
		return record.PruneReport{}, err
	}
	report, err := s.store.Prune(ctx, record.PruneOptions{
		Terms: func(item record.Item, kind record.Kind) record.Terms {
			return record.Terms{Keep: retention.Keep(item.Direction, string(kind)), Archive: retention.ArchiveAfter(item.Direction)}
		},
		Unsent: unsent, DryRun: dryRun, Progress: progress,
	})
	if errors.Is(err, context.Canceled) {
		err = errors.New("stopped before the end; the next prune goes on")
	}
	return report, err
}

// pruneMeter tells how far a prune is.
type pruneMeter struct {
	options  *pruneOptions
	terminal bool
	told     time.Time // when the terminal was written to
	shown    bool
	last     record.PruneProgress
}

func newPruneMeter(o *pruneOptions) *pruneMeter {
	return &pruneMeter{options: o, terminal: terminalWidth(2) > 0}
}

// meterPause keeps a terminal from flickering.
const meterPause = 100 * time.Millisecond

func (m *pruneMeter) progress(p record.PruneProgress) {
	if m.options.verbose && m.last.Items > 0 {
		if done := pruneLine(m.last.Report, p.Report, m.options.dryRun); done != "" {
			m.end()
			_, _ = writeAll(2, fmt.Appendf(nil, "mvrun: %s: %s\n", m.last.Item, done))
		}
	}
	m.last = p
	if now := time.Now(); m.terminal && p.Done < p.Items && now.Sub(m.told) > meterPause {
		m.told, m.shown = now, true
		text := fmt.Sprintf("mvrun: %d of %d items, now %s", p.Done, p.Items, p.Item)
		_, _ = writeAll(2, []byte("\r\033[K"+shortenTo(text, terminalWidth(2)-1)))
	}
}

// shortenTo cuts a text for a line of a terminal; two columns a rune is the most
// that one takes.
func shortenTo(text string, columns int) string {
	width := 0
	for i, r := range text {
		if width++; r > 0x7f {
			width++
		}
		if width > columns {
			return text[:i]
		}
	}
	return text
}

// end takes the line off the terminal.
func (m *pruneMeter) end() {
	if m.shown {
		m.shown = false
		_, _ = writeAll(2, []byte("\r\033[K"))
	}
}

func (o *pruneOptions) print(r record.PruneReport) error {
	text := pruneSummary(r, o.dryRun)
	if o.json {
		text = pruneJSON(r, o.dryRun)
	}
	_, err := writeAll(1, []byte(text))
	return err
}
