package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/notify"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
	"github.com/mvrun/mvrun/viewer"
	"github.com/mvrun/mvrun/words"
)

// checkItem is the item under which a check records.
var checkItem = record.CheckItem

// checkOptions are the flags of `mvrun check`.
type checkOptions struct {
	*runOptions
	all, json, dryRun, background bool
	directions, items             []string
	remote                        string
}

func newCheckFlags() (*checkOptions, *flagSet) {
	o := &checkOptions{runOptions: newRunOptions()}
	f := newFlagSet("check")
	f.SetInterspersed(true)
	f.BoolVarP(&o.all, "all", "a", false, "list the items as well that run as they should")
	f.StringArrayVarP(&o.directions, "direction", "d", nil, "only directions that match this `name` or pattern; repeatable")
	f.StringArrayVarP(&o.items, "item", "i", nil, "only items that match this `name` or pattern; repeatable")
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "only look: tell nobody, record nothing, merge and prune nothing")
	f.BoolVar(&o.json, "json", false, "print JSON, one object an item, of all items")
	f.StringVar(&o.remote, "remote", "", "ask the mvrun serve at this `URL` how it is, instead of looking at items")
	f.BoolVar(&o.background, "background", false, "print nothing, and leave to a check that is under way")
	_ = f.MarkHidden("background")
	addDatabaseFlags(f, &o.config, &o.db)
	return o, f
}

func checkCommand() *command {
	return &command{
		name: "check", synopsis: "[flags]", summary: "find jobs that stopped, are late, hang, or died unseen; tell their admins",
		details: "Judges every item by its schedule: the one that it was given, the one that Exec_Frequency names, or the one that at least ten heartbeats show; without any, an item has stopped that had no heartbeat today and yesterday. Runs by hand do not count. It also finds runs that take much longer than ever before or than --max-duration, jobs whose mvrun was killed, jobs that never finished, items that fail for long, and alarms that cannot be sent.\n\n" +
			"The direction's admin is told once a day of each item and cause, and once when it is over. Run it every few minutes, on as many hosts as you like: one alarm is sent. It also sends what waits in the outbox, merges what waits in the spool, and prunes once a day what the config's retention lets go. Every run and every view start a check by themselves where none ran for a day.\n\n" +
			"An item whose last run failed is listed as failing at once, and is wrong once it has failed for check.failing_after, a day. The exit status is 0 when all is well, and 1 when something is not.",
		examples: []string{
			"*/5 * * * * mvrun check >/dev/null",
			"mvrun check --all",
			"mvrun check --dry-run --direction LSF --json",
			"*/5 * * * * mvrun check --remote http://monitor:5000",
		},
		flags: func() *flagSet { _, f := newCheckFlags(); return f },
		run:   runCheck,
	}
}

// checkMemory is what the runtime keeps its memory below where it can: 100,000 items
// that have all stopped fit into it. Below that it collects garbage seldom, at
// checkGarbage percent, which saves a tenth of the time.
const (
	checkMemory  = 170 << 20
	checkGarbage = 400
)

// check is one look at all items.
type check struct {
	*session
	options    *checkOptions
	supervisor *runner.Supervisor
	desk       *alarmDesk
	language   heartbeat.Language
	now        time.Time
	found      []viewer.Checked
	unread     map[record.Item]bool // items of which not all could be read
	partial    bool                 // not all items could be listed
	problems   []error              // what could not be read, at most maxCheckErrors
	self       record.Process
}

func runCheck(args []string) error {
	o, f := newCheckFlags()
	if err := f.Parse(args); err != nil {
		return flagError("check", f, err)
	}
	if f.NArg() > 0 {
		return usageError{errors.New("check takes no arguments"), "mvrun check --direction LSF --item 'check_*'"}
	}
	takeFileEnvironment(f)
	s := newSession(o.runOptions, f)
	known := s.readConfig(time.Now().Add(viewPatience))
	c := &check{session: s, options: o, supervisor: runner.NewSupervisor(), now: time.Now(), self: record.Self()}
	c.language = heartbeat.Language(s.config.Lang)
	debug.SetMemoryLimit(checkMemory)
	debug.SetGCPercent(checkGarbage)
	s.item, s.run = checkItem, newRunID(c.now)
	s.options.alarmFrequency = "max 1 times"
	if o.remote != "" {
		return c.runRemote(known)
	}
	store, err := s.databaseToRead(known)
	if err != nil {
		return err
	}
	store.Close()
	s.openStore(known)
	executable, _ := os.Executable()
	if o.background {
		s.options.startup = "mvrun"
	}
	s.origin = findOrigin(o.runOptions, executable)
	ctx, cancel := contextOf(c.supervisor)
	defer cancel()
	if o.dryRun {
		return c.look(ctx)
	}
	return c.whole(ctx)
}

// look only judges and prints.
func (c *check) look(ctx context.Context) error {
	if err := c.survey(ctx); err != nil {
		return statusError{err, 1}
	}
	if err := c.print(); err != nil {
		return err
	}
	c.writer.Close(endBudget)
	return c.result()
}

// whole judges, tells, and does what is to be done once in a while.
func (c *check) whole(ctx context.Context) error {
	if c.options.background {
		if !c.takePlace() || !c.claimBackground() {
			return nil
		}
	} else if err := c.awaitPlace(ctx, placePatience); err != nil {
		return statusError{err, 1}
	}
	c.desk = newAlarmDesk(c.session, &counts{}, c.supervisor)
	c.recordStart()
	c.recordWarnings()
	_, spoolErr := record.MergeSpools(c.store, c.spoolFolders())
	merged, mergeErr := c.store.Merge(ctx)
	c.note(spoolErr, mergeErr)
	c.note(c.notOthers(merged.Refused)...)
	if err := c.survey(ctx); err != nil {
		return statusError{err, 1}
	}
	printErr := c.print()
	c.tell()
	if slices.ContainsFunc(c.found, func(found viewer.Checked) bool { return wrong(&found) }) && !newRouting(c.config, c.adminOf).configured() {
		c.note(errors.New("nobody is told: there is neither send_alarm_command nor a channel in the config; see mvrun doctor"))
	}
	_, sendErr := c.desk.flush(ctx, c.config.SendTimeout+c.config.SendWait, false)
	c.note(sendErr, notify.Tidy(c.store, c.now))
	c.pruneDaily(ctx)
	c.recordEnd()
	c.keepStamp()
	if err := errors.Join(printErr, c.leave()); err != nil {
		return statusError{err, 1}
	}
	c.ping()
	return c.result()
}

// maxChecks is how many checks of a database may be under way on a host: where its
// file system hangs, cron would start one after the other.
const maxChecks = 4

// placePatience is how long a check waits until one of those under way has ended:
// what is well takes seconds. placeEvery is how often it looks.
const (
	placePatience = 30 * time.Second
	placeEvery    = 50 * time.Millisecond
)

// awaitPlace takes a place, and waits for one where there is none.
func (c *check) awaitPlace(ctx context.Context, patience time.Duration) error {
	begun := time.Now()
	for !c.takePlace() {
		if time.Since(begun) >= patience {
			return fmt.Errorf("%d checks of this database have been under way on this host for %v; it may hang", maxChecks, patience)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(placeEvery):
		}
		c.now = time.Now()
	}
	return nil
}

// takePlace reports whether there is room for this check. The place is given back
// when the process ends.
func (c *check) takePlace() bool {
	for place := range maxChecks {
		if bindName(syscall.SOCK_STREAM, c.placeName(place)) != syscall.EADDRINUSE {
			return true
		}
	}
	return false
}

func (c *check) placeName(place int) string {
	return placeName(fmt.Sprintf("%s\x00check%d on %s", c.store.Path(), place, hostName()), checkItem, 0, "")
}

// maxCheckErrors bounds what is told of files that cannot be read.
const maxCheckErrors = 10

func (c *check) note(errs ...error) {
	for _, err := range errs {
		if err != nil && len(c.problems) < maxCheckErrors {
			c.problems = append(c.problems, err)
		}
	}
}

// notOthers leaves out what only another user, or root, can carry over in a shared
// database: everybody sees it where it is.
func (c *check) notOthers(refused []error) []error {
	if !c.store.Meta().Shared() {
		return refused
	}
	return slices.DeleteFunc(refused, func(err error) bool { return errors.Is(err, fs.ErrPermission) })
}

// lookAtOutbox makes alarms that are stuck a problem of the check's own item. Where
// no way to send is configured they cannot but wait, nobody could be told, and it is
// mvrun doctor that says so.
func (c *check) lookAtOutbox() {
	status, err := notify.Outbox(c.store, c.now)
	c.note(err)
	if c.configTrouble == "" && !newRouting(c.config, c.adminOf).configured() {
		return
	}
	if status.Stuck == 0 || !wanted(c.options.directions, checkItem.Direction) || !wanted(c.options.items, checkItem.Name) {
		return
	}
	c.found = append(c.found, viewer.Checked{Verdict: heartbeat.Verdict{
		Item: checkItem, State: heartbeat.Stuck, Last: c.now,
		Problems: []heartbeat.Problem{{State: heartbeat.Stuck, Since: status.Oldest, Count: status.Stuck}},
	}})
}

// wanted reports whether a name matches one of the patterns, if there are any.
func wanted(patterns []string, name string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, _ := words.Match(pattern, name)
		return ok || pattern == name
	})
}

// wrong reports whether something is to be told of an item.
func wrong(c *viewer.Checked) bool {
	told := func(p heartbeat.Problem) bool { return !p.Early }
	return slices.ContainsFunc(c.Problems, told) && c.State != heartbeat.Muted && c.State != heartbeat.Retired
}

// print lists the items that are worth a line, and sums up.
func (c *check) print() error {
	if c.options.background {
		return nil
	}
	shown := c.found
	if !c.options.json && !c.options.all {
		shown = nil
		for _, found := range c.found {
			if found.State != heartbeat.OK && found.State != heartbeat.Running && found.State != heartbeat.Idle {
				shown = append(shown, found)
			}
		}
	}
	format := viewer.Table
	if c.options.json {
		format = viewer.JSON
	}
	var err error
	if len(shown) > 0 {
		width := terminalWidth(os.Stdout.Fd())
		err = viewer.PrintCheck(stdoutWriter{}, shown, c.language, c.now, viewer.Options{
			Format: format, Width: width, Color: isColored(width),
		})
	}
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	if err != nil {
		return statusError{err, 1}
	}
	if !c.options.json {
		fmt.Fprintln(os.Stdout, c.summary())
	}
	return nil
}

// warnOfProblems says what the check could not read or do.
func (c *check) warnOfProblems() {
	for _, problem := range c.problems {
		printLine("mvrun: warning: check: " + c.masker.Mask(strings.ReplaceAll(problem.Error(), "\n", "; ")))
	}
}

// summary counts the items by their states.
func (c *check) summary() string {
	counts := map[heartbeat.State]int{}
	items := 0
	for _, found := range c.found {
		counts[found.State]++
		if found.State != heartbeat.Stuck {
			items++
		}
	}
	parts := []string{plural(items, "item")}
	for _, state := range heartbeat.States {
		if counts[state] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[state], state))
		}
	}
	return strings.Join(parts, ", ")
}

// result tells what could not be done, and gives the exit status.
func (c *check) result() error {
	c.warnOfProblems()
	if !c.well() {
		return silentStatus(1)
	}
	return nil
}

// well reports whether nothing is wrong, and everything could be looked at.
func (c *check) well() bool {
	return len(c.problems) == 0 && !slices.ContainsFunc(c.found, func(found viewer.Checked) bool { return wrong(&found) })
}
