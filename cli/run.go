package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
	"github.com/mvrun/mvrun/words"
)

// job is one run: a session with the command and what is done about it.
type job struct {
	*session
	supervisor *runner.Supervisor
	args       []string // the command
	flagArgs   []string // mvrun's own flags, for the drainer
	nested     *record.Nested
	alarms     *alarmDesk
	counts     counts
	tail       *tail // nil where no output is kept
	streams    [2]*stream
	start      time.Time // of mvrun
	started    string    // start, as records have it
	begun      time.Time // of the first attempt
	attempts   int
	notes      []string
	self       record.Process
	upkeeping  sync.Once
	upkeepDone chan struct{} // closed when upkeep is through
	checkDue   atomic.Bool   // no check has gone through for a day, as upkeep has seen
	// failingMark, of an item whose last run failed, is known once failingKnown
	// is closed.
	failingMark  *record.Failing
	failingKnown chan struct{}
	afterAlarms  []record.Entry // to be done once the alarms are sent, or left
	failure      failure
	remembered   chan struct{}       // closed when the item's settings were read, or could not be
	itemSettings record.ItemSettings // after that; nil where they could not be read
	labels       [][2]string         // the item's, after that
	fingerprints fingerprints
	held         bool // what is done beside the job hangs at its script
}

// runJob runs a command as a monitored job and returns the status to leave
// with. Where the command died of a signal, it dies of the same.
func runJob(args []string) int {
	supervisor := runner.NewSupervisor()
	options := newRunOptions()
	flags := options.flags()
	if err := flags.Parse(args); err != nil {
		return finish(runFlagError(flags, args, err))
	}
	command := flags.Args()
	if len(command) == 0 {
		return finish(usageError{errors.New("no command to run"), "mvrun [flags] -- command [args…]; see mvrun --help"})
	}
	j := &job{
		session:    newSession(options, flags),
		supervisor: supervisor, args: command, flagArgs: args[:len(args)-len(command)], start: time.Now(),
	}
	j.run = newRunID(j.start)
	// The first local time loads the time zone, by way of 4 KiB on the stack. Here they fit in; further down they would
	// make it grow, which costs a run more than the time zone.
	j.started = j.start.Format(record.StampLayout)
	j.parent = surroundingRun()
	result := j.execute()
	if j.checkDue.Load() {
		j.startCheck(j.supervisor)
	}
	code, signal := result.Status()
	if signal != 0 {
		runner.DieOf(signal)
	}
	return code
}

func newSession(options *runOptions, flags *pflag.FlagSet) *session {
	return &session{options: options, flags: flags}
}

// runFlagError tells a request for help from a mistake.
func runFlagError(flags *pflag.FlagSet, args []string, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return printHelp(os.Stdout, nil)
	}
	if len(args) > 0 && args[0] == "--version" {
		return printVersion(os.Stdout)
	}
	return flagError("", flags, err)
}

// execute is the whole life of a run. What comes before the command is bounded
// by startBudget, what comes after it by endBudget and send_wait.
func (j *job) execute() *runner.Result {
	deadline := j.start.Add(startBudget)
	j.readEnvironment()
	script := j.options.script
	if script == "" {
		script = scriptOf(j.args, workdir())
	}
	j.prepareItem(script)
	j.open(deadline)
	j.origin = findOrigin(j.options, script) // before all that is recorded, which says where it comes from
	j.checkSchedule()
	if !j.admitted() {
		return j.skip()
	}
	j.begin(deadline)
	result := j.attempt(nil)
	for j.shouldRetry(result) {
		result = j.attempt(result)
	}
	j.showHeld(result)
	j.finish(result)
	return result
}

// prepareItem names the item after the script where nobody says how.
func (j *job) prepareItem(script string) {
	if j.options.item == "" {
		name := record.SanitizeName(itemName(script))
		if name == "" {
			name = "job"
		}
		j.options.item = name
	}
}

// begin puts the mark of the run and its heartbeat on disk.
func (j *job) begin(deadline time.Time) {
	j.nested = record.NewNested(j.spoolFolders(), j.run, j.parent)
	if j.options.quiet {
		j.nested.Hold()
	}
	j.alarms = newAlarmDesk(j.session, &j.counts, j.supervisor)
	j.streams = j.newStreams()
	j.self = record.Self()
	j.upkeepDone, j.remembered, j.failingKnown = make(chan struct{}), make(chan struct{}), make(chan struct{})
	j.heartbeat(time.Now(), j.settingsEntry(), j.markEntry())
	j.writer.Flush(max(time.Until(deadline), 5*time.Millisecond))
	j.recordWarnings()
	j.awaitSettings(time.Until(deadline))
}

func (j *job) markEntry() record.Entry {
	return record.MarkEntry(hostName(), j.item, record.Mark{
		Run: j.run, Parent: j.parent, Start: j.started, Script: j.origin.script,
		Startup: j.origin.startup, User: j.origin.user, MaxDuration: j.options.maxDuration.Seconds(), Process: j.self,
	})
}

// memoryGoal is what the runtime keeps its memory below, by collecting garbage
// more often. Beside it stands the program itself, with some 5 MiB; a run is to
// have at most 16.
const memoryGoal = 9 << 20

// limitMemory stops all goroutines for some microseconds, for which the start of
// the command does not wait.
func limitMemory() { debug.SetMemoryLimit(memoryGoal) }

// attempt runs the command once; before is the result of the attempt before.
func (j *job) attempt(before *runner.Result) *runner.Result {
	j.attempts++
	command := &runner.Command{
		Args: j.args, Env: j.environment(), PTY: j.options.pty, Hold: j.options.quiet, Before: before,
		Timeout: j.options.timeout, KillAfter: j.options.killAfter, SinkFirst: j.nested.HasParent(),
		Stdout: asSink(j.streams[0]), Stderr: asSink(j.streams[1]), Guardian: j.guardian,
		OnStart: func(int) { j.beginUpkeep() }, Trampoline: []string{"mvrun", internalBecome},
	}
	result := j.supervisor.Run(context.Background(), command)
	j.beginUpkeep() // where the command could not be started
	if j.attempts == 1 {
		j.begun = result.Start
	}
	j.awaitAbort(result)
	if result.StartError != nil {
		printError("%v", result.StartError)
		j.hintAtSubcommand(result)
	}
	for _, note := range result.Notes {
		j.warn(note)
	}
	j.warnOfLoss(result.Lost)
	return result
}

func (j *job) warnOfLoss(lost []runner.Loss) {
	if len(lost) > 0 {
		j.warn(fmt.Sprintf("%v: %v; %d bytes of output are lost", lost[0].Stream, lost[0].Reason, lostBytes(lost)))
	}
}

// showHeld shows what --quiet has held back, of all attempts in their order, where
// the run has failed in the end.
func (j *job) showHeld(result *runner.Result) {
	if !failed(result) {
		result.Forget()
		return
	}
	j.nested.Release()
	told := len(result.Lost)
	if err := result.Replay(); err != nil {
		j.warn("the output that was held back: " + err.Error())
	}
	j.warnOfLoss(result.Lost[told:])
}

// hintAtSubcommand is for a first word that is no program, and may be meant for
// one of mvrun's own.
func (j *job) hintAtSubcommand(result *runner.Result) {
	if result.ExitCode != runner.ExitNotFound || len(j.flagArgs) > 0 {
		return
	}
	if near := words.Nearest(j.args[0], commandNames()); near != "" {
		printLine("mvrun: hint: did you mean mvrun " + near + "? See mvrun --help")
	}
}

// environment is the command's: mvrun's own plus what a script needs to find
// its run.
func (j *job) environment() []string {
	set := [][2]string{{"MVRUN_RUN", j.run}, {"MVRUN_DIRECTION", j.item.Direction}, {"MVRUN_ITEM", j.item.Name}}
	if j.configPath != "" {
		set = append(set, [2]string{"MVRUN_CONFIG", j.configPath})
	}
	if j.store != nil {
		set = append(set, [2]string{"MVRUN_DB", j.store.Path()})
	}
	if _, ok := os.LookupEnv("PYTHONUNBUFFERED"); !ok {
		set = append(set, [2]string{"PYTHONUNBUFFERED", "1"})
	}
	env := os.Environ()
	for _, pair := range set {
		env = setEnv(env, pair[0], pair[1])
	}
	return env
}

func setEnv(env []string, name, value string) []string {
	for i, entry := range env {
		if strings.HasPrefix(entry, name+"=") {
			env[i] = name + "=" + value
			return env
		}
	}
	return append(env, name+"="+value)
}

// failed tells which runs are failures: all that did not end with status 0.
func failed(r *runner.Result) bool {
	return r.ExitCode != 0 || r.Signal != 0 || r.StartError != nil || r.Cause == runner.CauseTimeout
}

// shouldRetry waits for the time of the next attempt, if there is to be one.
func (j *job) shouldRetry(result *runner.Result) bool {
	if !failed(result) || j.attempts > j.options.retries || result.StoppedBy != 0 {
		return false
	}
	j.closeParsers() // no record goes on in the output of another attempt
	j.log(record.LevelWarning, fmt.Sprintf("mvrun: attempt %d of %d: %s; trying again in %v",
		j.attempts, j.options.retries+1, j.failureCause(result), j.options.retryDelay), time.Now())
	if result.Leftover != nil {
		j.handOver(result, [2][]byte{}, j.options.quiet)
	}
	if !j.pause(j.options.retryDelay) {
		result.StopAfter(j.supervisor.StopSignal())
		return false
	}
	return true
}

// pause waits, and reports false where mvrun was told to stop meanwhile.
func (j *job) pause(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-j.supervisor.Stopped():
		return false
	}
}

// admitted waits out the jitter and other runs of the item. It reports false
// where the job is not to be run.
func (j *job) admitted() bool {
	return (j.options.jitter <= 0 || j.pause(rand.N(j.options.jitter))) && j.overlapAllows()
}

// causeText is why a run ended, as it is recorded and told.
func causeText(r *runner.Result) string {
	switch {
	case r.Cause == runner.CauseTimeout:
		return "timeout"
	case r.Cause == runner.CauseSpawn:
		return "failed to start"
	case r.StoppedBy != 0:
		return record.CauseStopped + signalName(r.StoppedBy)
	case r.Cause == runner.CauseOOM:
		return "out of memory"
	case r.Signal != 0:
		return "signal"
	}
	return "exited"
}

// signalName is a signal's name without SIG.
func signalName(signal syscall.Signal) string {
	if name := unix.SignalName(signal); name != "" {
		return strings.TrimPrefix(name, "SIG")
	}
	return fmt.Sprintf("RTMIN+%d", int(signal)-34) // 34 is the first that libc leaves to programs
}
