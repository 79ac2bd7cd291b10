package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// muteOptions are the flags of `mvrun mute` and `mvrun unmute`.
type muteOptions struct {
	*runOptions
	length time.Duration
	until  string
	reason string
	hold   bool
}

func newMuteFlags() (*muteOptions, *flagSet) {
	o := &muteOptions{runOptions: newRunOptions()}
	f := newFlagSet("mute")
	f.SetInterspersed(true)
	f.Var(durationValue{&o.length}, "for", "how long, such as 30m, 8h or 2d")
	f.StringVar(&o.until, "until", "", "until this `time`; a date means to its end")
	f.StringVar(&o.reason, "reason", "", "`why`, for those who ask")
	f.BoolVar(&o.hold, "hold", false, "keep the alarms and send them at the end (default: they are only recorded)")
	addDatabaseFlags(f, &o.config, &o.db)
	f.Lookup("for").DefValue = ""
	return o, f
}

func newUnmuteFlags() (*muteOptions, *flagSet) {
	o := &muteOptions{runOptions: newRunOptions()}
	f := newFlagSet("unmute")
	f.SetInterspersed(true)
	addDatabaseFlags(f, &o.config, &o.db)
	return o, f
}

const mutePatterns = "DIRECTION/ITEM may have * and ? for what may be anything; DIRECTION alone means all its items. "

func muteCommand() *command {
	return &command{
		name: "mute", synopsis: "[DIRECTION/ITEM --for TIME | --until TIME] [--reason TEXT]", summary: "send no alarms of some items for a while",
		details: mutePatterns + "Jobs run and are recorded as before; their alarms are recorded as SUPPRESSED, with who has muted them and why. A mute ends by itself. Without arguments, the mutes are listed.",
		examples: []string{
			`mvrun mute LSF/check_lsf_node_status --for 8h --reason "cluster maintenance"`,
			`mvrun mute 'storage/*' --until "2026-12-01 08:00" --hold`,
			"mvrun mute",
		},
		flags: func() *flagSet { _, f := newMuteFlags(); return f },
		run:   runMute,
	}
}

func unmuteCommand() *command {
	return &command{
		name: "unmute", synopsis: "DIRECTION/ITEM", summary: "end a mute before its time",
		details:  "Takes the pattern as `mvrun mute` lists it.",
		examples: []string{"mvrun unmute LSF/check_lsf_node_status", "mvrun unmute 'storage/*'"},
		flags:    func() *flagSet { _, f := newUnmuteFlags(); return f },
		run:      runUnmute,
	}
}

func runMute(args []string) error {
	o, f := newMuteFlags()
	if err := f.Parse(args); err != nil {
		return flagError("mute", f, err)
	}
	if f.NArg() == 0 && f.NFlag() == countChanged(f, "config", "db") {
		return o.listMutes(f)
	}
	now := time.Now()
	mute, err := o.mute(f, now)
	if err != nil {
		return err
	}
	store, err := o.store(f)
	if err != nil {
		return err
	}
	if err := store.PutMute(mute); err != nil {
		return statusError{err, 1}
	}
	fmt.Fprintln(os.Stdout, mute)
	return nil
}

func countChanged(f *flagSet, names ...string) (n int) {
	for _, name := range names {
		if f.Changed(name) {
			n++
		}
	}
	return n
}

// mute is what the command line asks for.
func (o *muteOptions) mute(f *flagSet, now time.Time) (record.Mute, error) {
	const example = `mvrun mute LSF/check_lsf_node_status --for 8h --reason "maintenance"`
	if f.NArg() != 1 {
		return record.Mute{}, usageError{errors.New("mute takes one DIRECTION/ITEM"), example}
	}
	pattern, err := record.ParsePattern(f.Arg(0))
	if err != nil {
		return record.Mute{}, usageError{err, example}
	}
	m := record.Mute{Pattern: pattern, Since: now, By: userName(), Reason: strings.TrimSpace(o.reason), Hold: o.hold}
	switch {
	case f.Changed("for") == (o.until != ""):
		return m, usageError{errors.New("say how long: either --for or --until"), example}
	case o.until != "":
		m.Until, err = viewer.ParseEnd("until", o.until, now)
		if input, ok := errors.AsType[*viewer.InputError](err); ok {
			return m, usageError{input, input.Hint}
		}
		return m, err
	case o.length <= 0:
		return m, usageError{errors.New("--for is no time"), example}
	}
	m.Until = now.Add(o.length)
	return m, nil
}

func (o *muteOptions) listMutes(f *flagSet) error {
	store, err := o.store(f)
	if err != nil {
		return err
	}
	mutes, err := store.Mutes(time.Now())
	if err != nil {
		return statusError{err, 1}
	}
	for _, m := range mutes {
		fmt.Fprintln(os.Stdout, m)
	}
	return nil
}

func runUnmute(args []string) error {
	o, f := newUnmuteFlags()
	if err := f.Parse(args); err != nil {
		return flagError("unmute", f, err)
	}
	if f.NArg() != 1 {
		return usageError{errors.New("unmute takes one DIRECTION/ITEM"), "mvrun unmute LSF/check_lsf_node_status"}
	}
	pattern, err := record.ParsePattern(f.Arg(0))
	if err != nil {
		return usageError{err, "mvrun unmute LSF/check_lsf_node_status"}
	}
	store, err := o.store(f)
	if err != nil {
		return err
	}
	found, err := store.RemoveMute(pattern)
	if err == nil && !found {
		err = fmt.Errorf("%s is not muted; mvrun mute lists what is", pattern)
	}
	if err != nil {
		return statusError{err, 1}
	}
	return nil
}

// store opens the database that the config names, which may not be there yet.
func (o *muteOptions) store(f *flagSet) (*record.Store, error) {
	s := newSession(o.runOptions, f)
	takeFileEnvironment(f)
	path := s.databasePath(s.readConfig(time.Now().Add(viewPatience)))
	if path == "" {
		return nil, statusError{errors.New("the config does not say where the database is"), 1}
	}
	return s.newStore(path)
}
