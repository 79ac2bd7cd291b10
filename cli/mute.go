package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
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
	f.StringVar(&o.until, "until", "", "until this `time`, such as 18:30, tomorrow or 2026-12-01; a date means to its end")
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

func newRetireFlags() (o *muteOptions, undo *bool, f *flagSet) {
	o = &muteOptions{runOptions: newRunOptions()}
	f = newFlagSet("retire")
	f.SetInterspersed(true)
	f.StringVar(&o.reason, "reason", "", "`why`, for those who ask")
	undo = f.Bool("undo", false, "take it back")
	addDatabaseFlags(f, &o.config, &o.db)
	return o, undo, f
}

func retireCommand() *command {
	return &command{
		name: "retire", synopsis: "[DIRECTION/ITEM [--reason TEXT] [--undo]]", summary: "take items that are not to run any more out of the lists, with their history kept",
		details: mutePatterns + "What is retired is not missed by the check, sends no alarms, and is left out where items are listed, unless it is asked for by name. Without arguments, what is retired is listed.",
		examples: []string{
			`mvrun retire LSF/check_lsf_node_status --reason "replaced by check_nodes"`,
			"mvrun retire --undo LSF/check_lsf_node_status",
			"mvrun retire",
		},
		flags: func() *flagSet { _, _, f := newRetireFlags(); return f },
		run:   runRetire,
	}
}

func runRetire(args []string) error {
	o, undo, f := newRetireFlags()
	if err := f.Parse(args); err != nil {
		return flagError("retire", f, err)
	}
	if f.NArg() == 0 && f.NFlag() == countChanged(f, "config", "db") {
		return o.list(f, func(s *record.Store) ([]record.Mute, error) { return s.Retired() })
	}
	const example = `mvrun retire LSF/check_lsf_node_status --reason "replaced"`
	if f.NArg() != 1 {
		return usageError{errors.New("retire takes one DIRECTION/ITEM"), example}
	}
	pattern, err := record.ParsePattern(f.Arg(0))
	if err != nil {
		return usageError{err, example}
	}
	if *undo {
		return o.end(f, pattern, (*record.Store).Unretire, "retired", "retire")
	}
	return o.put(f, record.Mute{Pattern: pattern, Since: time.Now(), By: userName(), Reason: record.CutTo(strings.TrimSpace(o.reason), maxText), Retired: true})
}

func runMute(args []string) error {
	o, f := newMuteFlags()
	if err := f.Parse(args); err != nil {
		return flagError("mute", f, err)
	}
	if f.NArg() == 0 && f.NFlag() == countChanged(f, "config", "db") {
		return o.list(f, func(s *record.Store) ([]record.Mute, error) { return s.Mutes(time.Now()) })
	}
	mute, err := o.mute(f, time.Now())
	if err != nil {
		return err
	}
	return o.put(f, mute)
}

// put keeps a mute, says so, and records it.
func (o *muteOptions) put(f *flagSet, mute record.Mute) error {
	s, err := o.open(f)
	if err != nil {
		return err
	}
	if mute.Retired && !f.Changed("reason") {
		mute.Reason = retiredFor(s.store, mute.Pattern)
	}
	if err := s.store.PutMute(mute); err != nil {
		return statusError{ofOther(s.store, mute.Pattern, err), 1}
	}
	fmt.Fprintln(os.Stdout, viewer.Printable(mute.String()))
	items, err := s.store.Candidates(nil, nil)
	if err == nil && !slices.ContainsFunc(items, mute.Covers) {
		printLine("mvrun: warning: no item matches " + viewer.Printable(mute.Pattern) + " so far")
	}
	return s.recordMute(mute.Pattern, mute.String())
}

// retiredFor is the reason for which items were retired before; "" for none. It holds
// for who retires them again and gives no other.
func retiredFor(store *record.Store, pattern string) string {
	retired, err := store.Retired()
	if i := slices.IndexFunc(retired, func(m record.Mute) bool { return m.Pattern == pattern }); err == nil && i >= 0 {
		return retired[i].Reason
	}
	return ""
}

// ofOther explains why a mute of another user cannot be changed in a shared database.
func ofOther(store *record.Store, pattern string, err error) error {
	if errors.Is(err, fs.ErrPermission) && store.Meta().Shared() {
		return fmt.Errorf("only the user who has set it, or root, can change this for %s: %w", pattern, err)
	}
	return err
}

// end takes a mute back, and records that.
func (o *muteOptions) end(f *flagSet, pattern string, remove func(*record.Store, string) (bool, error), what, lists string) error {
	s, err := o.open(f)
	if err != nil {
		return err
	}
	found, err := remove(s.store, pattern)
	err = ofOther(s.store, pattern, err)
	if err == nil && !found {
		err = fmt.Errorf("%s is not %s; mvrun %s lists what is", pattern, what, lists)
	}
	if err != nil {
		return statusError{err, 1}
	}
	return s.recordMute(pattern, fmt.Sprintf("%s is not %s any more, says %s", pattern, what, userName()))
}

// recordMute makes a record of what somebody did about alarms: of the item, where
// it is one, else of the check, where all that concerns many items is.
func (s *session) recordMute(pattern, text string) error {
	s.item = s.store.ItemOfMute(pattern)
	s.log(record.LevelInfo, "mvrun: "+text, time.Now())
	return s.leave()
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
	m := record.Mute{Pattern: pattern, Since: now, By: userName(), Reason: record.CutTo(strings.TrimSpace(o.reason), maxText), Hold: o.hold}
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

// list prints what is muted or retired.
func (o *muteOptions) list(f *flagSet, read func(*record.Store) ([]record.Mute, error)) error {
	s, err := o.open(f)
	if err != nil {
		return err
	}
	defer s.writer.Close(0)
	mutes, err := read(s.store)
	if err != nil {
		return statusError{err, 1}
	}
	for _, m := range mutes {
		fmt.Fprintln(os.Stdout, viewer.Printable(m.String())) // another user may have written it
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
	return o.end(f, pattern, (*record.Store).RemoveMute, "muted", "mute")
}

// open opens the database that the config names, which may not be there yet.
func (o *muteOptions) open(f *flagSet) (*session, error) {
	s := newSession(o.runOptions, f)
	takeFileEnvironment(f)
	s.openStore(s.readConfig(time.Now().Add(viewPatience)))
	if s.store == nil {
		return nil, statusError{errors.New("the config does not say where the database is"), 1}
	}
	s.origin = origin{user: userName(), address: hostAddress(), hostname: hostName()}
	return s, nil
}
