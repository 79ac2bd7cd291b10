package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/mvrun/mvrun/ratelimit"
)

// runOptions are the settings of a run. Where they come from: the flag, the
// environment, the remembered value of the item, the config, the default.
type runOptions struct {
	direction, item                 string
	receivers, alarmFrequency       string
	schedule, frequency             string
	author, startup, script, title  string
	timeout, maxDuration, killAfter time.Duration
	retries                         int
	retryDelay, jitter              time.Duration
	overlap, onFailure, scan, keep  string
	failAfter                       int
	alarmOn, errorOn                []*regexp.Regexp
	pty, quiet                      bool
	labels                          [][2]string
	config, db                      string
	trial                           string          // a folder; the run is one of `mvrun selftest`
	told                            map[string]bool // by flag or environment
}

// The words of the flags that take one of a few.
const (
	overlapAllow, overlapSkip, overlapWait, overlapKill = "allow", "skip", "wait", "kill"
	failureAlarm, failureLog, failureNone               = "alarm", "log", "none"
	scanStdout, scanStderr, scanBoth                    = "stdout", "stderr", "both"
	keepFailure, keepAlways, keepNever                  = "failure", "always", "never"
)

// newRunOptions gives the defaults.
func newRunOptions() *runOptions {
	return &runOptions{
		direction: "default", alarmFrequency: "everytime",
		killAfter: 10 * time.Second, retryDelay: 10 * time.Second, failAfter: 1,
		overlap: overlapAllow, onFailure: failureAlarm, scan: scanStdout, keep: keepFailure,
		told: map[string]bool{},
	}
}

// flags defines the flags of a run. Help, man page and completion are made of
// the same definitions.
func (o *runOptions) flags() *pflag.FlagSet {
	f := newFlagSet("run")
	f.VarP(nameValue{&o.direction}, "direction", "d", "business line `name`, as in valid_direction_dic")
	f.VarP(nameValue{&o.item}, "item", "i", "item `name` (default: the script's base name without its ending)")
	f.Var(receiversValue{&o.receivers}, "receivers", "alarm receivers, separated by blanks, commas or semicolons (default: the direction's admin)")
	f.StringVar(&o.alarmFrequency, "alarm-frequency", o.alarmFrequency, "how often the same alarm is sent: everytime, `max <n> times` (a day), max <n> times per minute|hour|day|week|run, once per <duration>, on change")
	f.StringVar(&o.schedule, "schedule", "", "when the job should run: a cron `expression` or words such as \"every 10 minutes\", 每10分钟")
	f.StringVar(&o.frequency, "frequency", "", "free `text` shown as Exec_Frequency (default: the schedule)")
	f.StringVar(&o.author, "author", "", "author of the script (default: the user)")
	f.StringVar(&o.startup, "startup", "", "what starts the job (default: found out: crontab, jenkins, systemd, lsf, slurm, ci, manual)")
	f.StringVar(&o.script, "script", "", "`path` of the script (default: found in the command)")
	f.StringVar(&o.title, "title", "", "title of alarms (default: the item)")
	f.Var(durationValue{&o.timeout}, "timeout", "stop the whole process tree after this `time`, each attempt of --retries anew (default: never)")
	f.Var(durationValue{&o.maxDuration}, "max-duration", "have mvrun check tell of a run that takes longer than this `time` (default: much longer than ever before)")
	f.Var(durationValue{&o.killAfter}, "kill-after", "kill what is left of it this `time` later")
	f.Var(countValue{&o.retries, 0}, "retries", "run again up to `n` times after a failure")
	f.Var(durationValue{&o.retryDelay}, "retry-delay", "`time` between two attempts")
	f.Var(choiceValue{&o.overlap, []string{overlapAllow, overlapSkip, overlapWait, overlapKill}}, "overlap", "what to do when the item is still running on this host: allow, skip, wait, kill")
	f.Var(durationValue{&o.jitter}, "jitter", "wait a random `time` of at most this before the start")
	f.Var(choiceValue{&o.onFailure, []string{failureAlarm, failureLog, failureNone}}, "on-failure", "what a failed run becomes: alarm, log, none")
	f.Var(countValue{&o.failAfter, 1}, "fail-after", "alarm only from the `n`th failed run in a row on")
	f.Var(patternsValue{&o.alarmOn}, "alarm-on", "an output line that matches this `regexp` (RE2) is an alarm; repeatable")
	f.Var(patternsValue{&o.errorOn}, "error-on", "an output line that matches this `regexp` (RE2) is an Error; repeatable")
	f.Var(choiceValue{&o.scan, []string{scanStdout, scanStderr, scanBoth}}, "scan", "where records are looked for: stdout, stderr, both")
	f.BoolVar(&o.pty, "pty", false, "give the command a terminal, so that it writes line by line")
	f.BoolVar(&o.quiet, "quiet", false, "hold the output back and show it, of all attempts, only if the run fails")
	f.Var(choiceValue{&o.keep, []string{keepFailure, keepAlways, keepNever}}, "keep-output", "when the last 64 KiB of output are kept: failure, always, never")
	f.Var(labelsValue{&o.labels}, "label", "free label `k=v` on the run; repeatable")
	addDatabaseFlags(f, &o.config, &o.db)
	f.StringVar(&o.trial, trialFlag, "", "the run is one of mvrun selftest, and leaves what it leaves in this `folder`")
	f.Lookup(trialFlag).Hidden = true
	return f
}

// trialFlag is for mvrun's own use. It is a flag so that what a run starts of
// mvrun has it as well.
const trialFlag = "trial"

// addDatabaseFlags are what every subcommand takes that reads or writes records.
func addDatabaseFlags(f *pflag.FlagSet, config, db *string) {
	f.StringVar(config, "config", "", "config `file`")
	f.StringVar(db, "db", "", "database `folder`")
}

// flagSet is pflag's, in the spelling of this package.
type flagSet = pflag.FlagSet

func newFlagSet(name string) *flagSet {
	f := pflag.NewFlagSet(name, pflag.ContinueOnError)
	f.SetInterspersed(false)
	f.SortFlags = false
	f.Usage = func() {}
	return f
}

// visitFlags leaves out what is not for users.
func visitFlags(f *pflag.FlagSet, visit func(*pflag.Flag)) {
	f.VisitAll(func(flag *pflag.Flag) {
		if !flag.Hidden {
			visit(flag)
		}
	})
}

// repeated tells the flags that may be given more than once; in the environment
// and the config they have one value a line.
func repeated(flag string) bool { return flag == "alarm-on" || flag == "error-on" || flag == "label" }

// fromEnvironment takes the flags that the command line left out from
// MVRUN_<NAME>. What is wrong there is told and passed over: only a command
// line may keep a job from starting.
func (o *runOptions) fromEnvironment(f *pflag.FlagSet, getenv func(string) string) (problems []string) {
	visitFlags(f, func(flag *pflag.Flag) {
		if flag.Changed {
			o.told[flag.Name] = true
			return
		}
		name := envName(flag.Name)
		value := getenv(name)
		if value == "" {
			return
		}
		if err := setValues(flag, value); err != nil {
			problems = append(problems, fmt.Sprintf("%s %q: %v", name, value, err))
			return
		}
		o.told[flag.Name] = true
	})
	return problems
}

func envName(flag string) string {
	return "MVRUN_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func setValues(flag *pflag.Flag, value string) error {
	if flag.Value.Type() == "bool" {
		if err := flag.Value.Set(boolWord(value)); err != nil {
			return errors.New("is neither true nor false")
		}
		return nil
	}
	if !repeated(flag.Name) {
		return flag.Value.Set(value)
	}
	for line := range strings.Lines(value) {
		if err := flag.Value.Set(strings.TrimRight(line, "\n")); err != nil {
			return err
		}
	}
	return nil
}

// boolWord is what pflag understands for the words that people write as well.
func boolWord(word string) string {
	switch word = strings.ToLower(strings.TrimSpace(word)); word {
	case "yes", "on":
		return "true"
	case "no", "off":
		return "false"
	}
	return word
}

// fromConfig takes what is still left out from the config's defaults, whose
// values the config package has checked.
func (o *runOptions) fromConfig(f *pflag.FlagSet, defaults map[string]string) (problems []string) {
	for name, value := range defaults {
		flag := f.Lookup(name)
		if flag == nil || o.told[name] {
			continue
		}
		if err := setValues(flag, value); err != nil {
			problems = append(problems, fmt.Sprintf("config: defaults: %s %q: %v", name, value, err))
		}
	}
	return problems
}

// checkFrequency takes an alarm frequency that cannot be read for one that was
// not given. It stops no job, not even on the command line.
func (o *runOptions) checkFrequency() error {
	_, err := ratelimit.Parse(o.alarmFrequency)
	if err != nil {
		o.alarmFrequency = newRunOptions().alarmFrequency
		delete(o.told, "alarm-frequency")
	}
	return err
}

// scans tells which streams are looked at for records.
func (o *runOptions) scans() (stdout, stderr bool) {
	return o.scan != scanStderr, o.scan != scanStdout
}

// absolutePath is for a path that is handed to the command, which may change
// its folder.
func absolutePath(path string) string {
	if path == "" {
		return ""
	}
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

func workdir() string {
	if dir, err := os.Getwd(); err == nil {
		return dir
	}
	return "/"
}
