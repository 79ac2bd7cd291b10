package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mvrun/mvrun/notify"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// flushOptions are the flags of `mvrun flush`.
type flushOptions struct {
	*runOptions
	verbose bool
}

func newFlushFlags() (*flushOptions, *flagSet) {
	o := &flushOptions{runOptions: newRunOptions()}
	f := newFlagSet("flush")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "say what was done")
	addDatabaseFlags(f, &o.config, &o.db)
	return o, f
}

func flushCommand() *command {
	return &command{
		name: "flush", synopsis: "[flags]", summary: "send what waits in the outbox, merge what waits in the spool",
		details: "Merges what this host keeps in its spool, carries the databases of all hosts over into the files that monitorViewer reads, and sends alarms that could not be sent. It may run on many hosts at once. Every run of a job does its part of this by itself. The exit status is 1 where something had to be left.",
		examples: []string{
			"mvrun flush --verbose",
			"*/5 * * * * mvrun flush",
		},
		flags: func() *flagSet { _, f := newFlushFlags(); return f },
		run:   runFlush,
	}
}

func runFlush(args []string) error {
	o, f := newFlushFlags()
	if err := f.Parse(args); err != nil {
		return flagError("flush", f, err)
	}
	if f.NArg() > 0 {
		return usageError{errors.New("flush takes no arguments"), "see mvrun flush --help"}
	}
	s := newSession(o.runOptions, f)
	s.readEnvironment()
	o.item = "flush"
	supervisor := runner.NewSupervisor()
	s.openStore(s.readSettings(time.Now().Add(time.Second)))
	s.origin = findOrigin(o.runOptions, s.options.script)
	if s.store == nil {
		return statusError{errors.New("the config does not say where the database is"), 1}
	}
	ctx, cancel := contextOf(supervisor)
	defer cancel()
	return s.flush(ctx, supervisor, o.verbose)
}

// contextOf ends when mvrun is told to.
func contextOf(supervisor *runner.Supervisor) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		select {
		case <-supervisor.Stopped():
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// flushWait bounds how long flush sends; the next one goes on.
const flushWait = 10 * time.Minute

func (s *session) flush(ctx context.Context, supervisor *runner.Supervisor, verbose bool) error {
	desk := newAlarmDesk(s, &counts{}, supervisor)
	spooled, spoolErr := record.MergeSpools(s.store, s.spoolFolders())
	merged, mergeErr := s.store.Merge(ctx)
	report, sendErr := desk.flush(ctx, flushWait, true)
	sendErr = errors.Join(sendErr, notify.Tidy(s.store, time.Now()))
	sent, left := report.Pending.Sent, report.Pending.Left
	if err := s.leave(); err != nil {
		return err
	}
	if verbose {
		fmt.Fprintf(os.Stdout, "%d spool files merged, %d lines carried over from the databases of hosts, %d alarms sent, %d left\n",
			spooled, merged.Lines, sent, left)
	}
	err := errors.Join(spoolErr, mergeErr, errors.Join(merged.Refused...), sendErr)
	if err == nil && left > 0 {
		err = fmt.Errorf("%d alarms could not be sent and wait for the next flush", left)
	}
	if err != nil {
		return statusError{err, 1}
	}
	return nil
}
