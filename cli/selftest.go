package cli

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/mvrun/mvrun/runner"
)

// selftestOptions are the flags of `mvrun selftest`.
type selftestOptions struct {
	runs    int
	timeout time.Duration
	json    bool
}

func newSelftestFlags() (*selftestOptions, *flagSet) {
	o := &selftestOptions{runs: 5, timeout: 10 * time.Minute}
	f := newFlagSet("selftest")
	f.Var(countValue{&o.runs, 2}, "runs", "run the command `n` times each way, and once more bare")
	f.Var(durationValue{&o.timeout}, "timeout", "stop a run after this `time`; 0 means never")
	f.BoolVar(&o.json, "json", false, "print JSON, for other programs")
	return o, f
}

func selftestCommand() *command {
	return &command{
		name: "selftest", synopsis: "[flags] -- command [args…]", summary: "run a command bare and wrapped, and compare what can be observed",
		details: "THE COMMAND IS RUN FOR REAL, by default 11 times: 6 times bare and 5 times by mvrun, in turn; 5 times more into one pipe where it writes to both stdout and stderr; and bare again where something differs. " +
			"Give one that may be run so often. Each run gets what comes by stdin (at most 16 MiB; nothing from a terminal). The runs by mvrun have its default settings, a config without entries, and a database in a temporary folder: mvrun records nothing for the site and sends no alarm; what the command does by itself, such as mvrun alarm, it does. " +
			"What the command shows is compared: its output, status, signal, what it reads of stdin, and time. So is what a probe sees that is run in its place: environment, descriptors, limits and the like. What differs between two bare runs, such as a date or a process id, proves nothing, and is said to be unproven. " +
			"The exit status is 1 where something differs, or where the command cannot be started; what is unproven is no failure.",
		examples: []string{
			"mvrun selftest -- /ic/scripts/check_lsf_node_status.sh",
			"mvrun selftest --runs 20 --json -- df -P",
			"echo 'select 1' | mvrun selftest --timeout 1m -- sh -c 'cat; echo done >&2; exit 3'",
		},
		flags: func() *flagSet { _, f := newSelftestFlags(); return f },
		run:   runSelftest,
	}
}

func runSelftest(args []string) error {
	o, f := newSelftestFlags()
	if err := f.Parse(args); err != nil {
		return flagError("selftest", f, err)
	}
	if f.NArg() == 0 {
		return usageError{errors.New("selftest needs a command"), "mvrun selftest -- command [args…]"}
	}
	t, err := newSelftest(o)
	var parts []part
	if err == nil {
		parts, err = t.compare(f.Args())
	}
	t.close()
	if stop, ok := errors.AsType[stoppedError](err); ok {
		runner.DieOf(stop.signal)
		return statusError{err, 128 + int(stop.signal)}
	}
	if err != nil {
		return statusError{err, 1}
	}
	if err := reportParts(os.Stdout, parts, o.json); err != nil || t.startError == nil {
		return err
	}
	return statusError{fmt.Errorf("the command could not be started: %w", t.startError), 1}
}

// selftest holds what its runs share.
type selftest struct {
	options    *selftestOptions
	executable string
	folder     string // temporary
	stdin      string // the file that every run reads
	stops      chan os.Signal
	startError error // of the command
}

// stoppedError is selftest's end by a signal.
type stoppedError struct{ signal syscall.Signal }

func (e stoppedError) Error() string { return "stopped by " + signalName(e.signal) }

// newSelftest gives something to close also where it fails.
func newSelftest(o *selftestOptions) (*selftest, error) {
	t := &selftest{options: o, stops: make(chan os.Signal, 1)}
	runner.AsStarted()
	for _, sig := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM} {
		if !signal.Ignored(sig) { // Notify would make it count for the command
			signal.Notify(t.stops, sig)
		}
	}
	var err error
	if t.executable, err = os.Executable(); err != nil {
		return t, err
	}
	if t.folder, err = os.MkdirTemp("", "mvrun-selftest-"); err != nil {
		return t, err
	}
	if err := os.WriteFile(t.config(), nil, 0o600); err != nil {
		return t, err
	}
	return t, t.keepStdin(os.Stdin)
}

func (t *selftest) config() string { return filepath.Join(t.folder, "mvrun.yaml") }

// close removes what the runs have left. A command that mvrun could not end may
// still be writing, so that this takes a second look.
func (t *selftest) close() {
	for try := 0; t.folder != "" && try < 3; try++ {
		if os.RemoveAll(t.folder) == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// wrap makes of a command the one that has mvrun in front of it.
func (t *selftest) wrap(command []string) []string {
	own := []string{t.executable, "--" + trialFlag, t.folder, "--config", t.config(), "--db", filepath.Join(t.folder, "db"), "--"}
	return append(own, command...)
}

// compare runs the command, and probes in its place.
func (t *selftest) compare(command []string) ([]part, error) {
	s, err := t.series(command, t.options.runs, false)
	if err != nil {
		return nil, err
	}
	t.startError = s.bare[0].startError
	parts := s.compare()
	if parts, err = t.lookAgain(s, command, false, parts); err != nil {
		return nil, err
	}
	if first := s.bare[0]; first.streams[0].length > 0 && first.streams[1].length > 0 {
		order, err := t.compareOrder(command)
		if err != nil {
			return nil, err
		}
		parts = slices.Insert(parts, 2, order)
	}
	probed, err := t.probe()
	return append(parts, probed...), err
}

// orderRuns is how often the command is run each way into one pipe.
const orderRuns = 2

// compareOrder runs the command with stdout and stderr in one pipe, as by 2>&1.
func (t *selftest) compareOrder(command []string) (part, error) {
	s, err := t.series(command, orderRuns, true)
	if err != nil {
		return part{}, err
	}
	parts := s.compareMerged()
	parts, err = t.lookAgain(s, command, true, parts)
	return parts[0], err
}

// lookAgain runs the command bare as often again where something differs: it may
// be one that varies now and then.
func (t *selftest) lookAgain(s *series, command []string, merged bool, parts []part) ([]part, error) {
	if !slices.ContainsFunc(parts, func(p part) bool { return p.Result == differs }) {
		return parts, nil
	}
	for range t.options.runs {
		o, err := t.run(command, merged)
		if err != nil {
			return parts, err
		}
		s.bare = append(s.bare, o)
	}
	if merged {
		return s.compareMerged(), nil
	}
	return s.compare(), nil
}

// series are the runs of a command, each kind in their order.
type series struct{ bare, wrapped []*outcome }

// series runs a command n times each way, in turn, and once more bare: what
// changes with time is then seen to change between two bare runs, too.
func (t *selftest) series(command []string, n int, merged bool) (*series, error) {
	s := &series{}
	wrapped := t.wrap(command)
	for {
		bare, err := t.run(command, merged)
		if err != nil {
			return nil, err
		}
		if bare.unfinished {
			return nil, fmt.Errorf("the command was still running after %v, without mvrun; see --timeout", t.options.timeout)
		}
		s.bare = append(s.bare, bare)
		if len(s.wrapped) == n || slices.ContainsFunc(s.wrapped, func(o *outcome) bool { return o.unfinished }) {
			return s, nil
		}
		o, err := t.run(wrapped, merged)
		if err != nil {
			return nil, err
		}
		s.wrapped = append(s.wrapped, o)
	}
}
