package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// `mvrun log` and `mvrun alarm` write a record from inside a script. They find
// their run in the environment, and work outside of one with -d and -i.

// messageOptions are what both take.
type messageOptions struct {
	*runOptions
	runFlags                         *flagSet // what the environment and the config may set
	title, receivers, frequency, key string
}

func newMessageFlags(name string) (*messageOptions, *flagSet) {
	o := &messageOptions{runOptions: newRunOptions()}
	o.runFlags = o.runOptions.flags()
	o.runFlags.Lookup("direction").Usage = "business line `name` (default: the run's)"
	o.runFlags.Lookup("item").Usage = "item `name` (default: the run's)"
	f := newFlagSet(name)
	for _, shared := range []string{"direction", "item", "config", "db"} {
		f.AddFlag(o.runFlags.Lookup(shared))
	}
	return o, f
}

func newAlarmFlags() (*messageOptions, *flagSet) {
	o, f := newMessageFlags("alarm")
	f.StringVar(&o.title, "title", "", "`title` (default: the item)")
	f.Var(receiversValue{&o.receivers}, "to", "receivers, separated by blanks, commas or semicolons (default: the item's)")
	f.StringVar(&o.frequency, "frequency", "", "how often the same alarm is sent: everytime, `max <n> times`, once per <duration> and others, see mvrun --help (default: the item's)")
	f.StringVar(&o.key, "key", "", "`key` that says which alarms are the same (default: the message, see alarm_key)")
	return o, f
}

func logCommand() *command {
	return &command{
		name: "log", synopsis: "[flags] LEVEL MESSAGE", summary: "write a log record from inside a script",
		details: "LEVEL is Debug, Info, Warning, Error or Fatal, or one of valid_message_level_list in the config. A MESSAGE of - is read from stdin. Inside a job that mvrun runs, the record belongs to that run; elsewhere -d and -i name the item.",
		examples: []string{
			`mvrun log Error "license server lic01 is down"`,
			`mvrun log -d license -i check_used_license_num Info "42 of 50 in use"`,
			`df -h / | mvrun log -d host -i check_disk_usage Debug -`,
		},
		flags: func() *flagSet { _, f := newMessageFlags("log"); return f },
		run:   runLog,
	}
}

func alarmCommand() *command {
	return &command{
		name: "alarm", synopsis: "[flags] MESSAGE", summary: "raise an alarm from inside a script",
		details: "A MESSAGE of - is read from stdin. Inside a job that mvrun runs, the alarm belongs to that run; elsewhere -d and -i name the item.",
		examples: []string{
			`mvrun alarm --title "LSF node down" --to "alice bob" "n232-133-016 is unreachable"`,
			`mvrun alarm -d LSF -i check_lsf_node_status --frequency "max 3 times" "no answer from the master"`,
		},
		flags: func() *flagSet { _, f := newAlarmFlags(); return f },
		run:   runAlarm,
	}
}

func runLog(args []string) error {
	o, f := newMessageFlags("log")
	if err := f.Parse(args); err != nil {
		return flagError("log", f, err)
	}
	if f.NArg() < 2 {
		return usageError{errors.New("log needs a level and a message"), `mvrun log Error "what is wrong"`}
	}
	text, left, err := messageText(f.Args()[1:])
	if err != nil {
		return err
	}
	s, err := openMessageSession(o)
	if err != nil {
		return err
	}
	level, err := s.parseLevel(f.Arg(0))
	if err != nil {
		_ = s.leave()
		return usageError{err, `mvrun log Error "what is wrong"`}
	}
	s.log(level, record.CutMessage(s.masker.Mask(text), left), time.Now())
	s.tellRun(string(level))
	return s.leave()
}

// What `mvrun alarm` tells its run beside the levels of `mvrun log`; the last two
// where it was held back, and nobody is told later either.
const toldAlarm, toldSent, toldHeld, toldLimited, toldDropped = "alarm", "sent", "held", "limited", "dropped"

// tellRun tells the run that this process stands in what it has recorded, for
// that to be counted.
func (s *session) tellRun(told ...string) {
	if s.run == "" {
		return
	}
	nested := record.NewNested(s.spoolFolders(), "", s.run)
	for _, what := range told {
		nested.Tell(what)
	}
	nested.Close()
}

func runAlarm(args []string) error {
	o, f := newAlarmFlags()
	if err := f.Parse(args); err != nil {
		return flagError("alarm", f, err)
	}
	if f.NArg() < 1 {
		return usageError{errors.New("alarm needs a message"), `mvrun alarm "what is wrong"`}
	}
	text, left, err := messageText(f.Args())
	if err != nil {
		return err
	}
	s, err := openMessageSession(o)
	if err != nil {
		return err
	}
	supervisor := runner.NewSupervisor()
	desk := newAlarmDesk(s, &counts{}, supervisor)
	s.tellRun(toldAlarm) // so that its failure raises no second one
	if s.store != nil {
		if settings, err := s.store.ReadItem(s.item); err == nil {
			desk.remembered(s.settings(settings))
		}
	}
	desk.raise(o.message(s, record.CutMessage(s.masker.Mask(text), left)))
	ctx, cancel := contextOf(supervisor)
	defer cancel()
	report := desk.drain(ctx, s.config.SendWait)
	switch {
	case report.Own.Sent > 0:
		s.tellRun(toldSent)
	case report.Own.Suppressed > 0:
		s.tellRun(toldHeld)
	}
	switch told, hold := desk.tells(0); {
	case told:
	case hold.Limits():
		s.tellRun(toldLimited)
	default:
		s.tellRun(toldDropped)
	}
	if err := s.leave(); err != nil {
		return err
	}
	if report.Own.Lost > 0 {
		return statusError{errors.New("the alarm could be kept neither in the database nor in the spool"), 1}
	}
	return nil
}

// message is the alarm with this text. What else is said of it is bounded as a run's
// flags are.
func (o *messageOptions) message(s *session, text string) record.Message {
	receivers, problem := boundReceivers(o.receivers)
	if problem != "" {
		s.warn(problem)
	}
	if len(o.title) > maxText {
		s.warn(tooLong("title", len(o.title), maxText))
	}
	return record.Message{
		Level: record.LevelAlarm, Text: text, Time: time.Now(), Title: record.CutTo(s.masker.Mask(o.title), maxText),
		Receivers: receivers, Frequency: record.CutTo(o.frequency, maxText), Key: record.CutTo(s.masker.Mask(o.key), maxPath),
	}
}

// openMessageSession is for one record; outside of a run the item must be named.
func openMessageSession(o *messageOptions) (*session, error) {
	if o.item == "" && os.Getenv("MVRUN_ITEM") == "" {
		return nil, usageError{errors.New("not inside a run of mvrun, and no item is named"), "name it: -d DIRECTION -i ITEM"}
	}
	s := newSession(o.runOptions, o.runFlags)
	s.run = surroundingRun()
	s.replaceNames()
	s.told = s.run != ""
	s.readEnvironment()
	s.open(time.Now().Add(time.Second))
	s.origin = findOrigin(o.runOptions, s.options.script)
	s.recordWarnings()
	return s, nil
}

// replaceNames puts names that can be used in the place of those in the environment
// that cannot: a script is not to fail of them, nor is its record to be lost. They
// are not what the run around it has, which has not warned of them.
func (s *session) replaceNames() {
	for flag, otherwise := range map[string]string{"direction": s.options.direction, "item": "job"} {
		name := os.Getenv(envName(flag))
		err := record.CheckName(name)
		if name == "" || err == nil || s.flags.Changed(flag) {
			continue
		}
		if flag == "item" {
			otherwise = orElse(record.SanitizeName(name), otherwise)
		}
		_ = s.flags.Set(flag, otherwise)
		s.warn(fmt.Sprintf("%s %q: %v; the record goes to the %s %s", envName(flag), name, err, flag, otherwise))
	}
}

// leave waits for the disk and reports what could be written nowhere.
func (s *session) leave() error {
	if summary := s.writer.Close(endBudget); summary.Dropped > 0 {
		return statusError{errors.New("the record could be written neither to the database nor to the spool"), 1}
	}
	return nil
}

// parseLevel takes a level in any case, and the short forms of the line
// protocol. Where the config that may list it cannot be read, any word is one: its
// message is not to be lost.
func (s *session) parseLevel(text string) (record.Level, error) {
	switch strings.ToUpper(text) {
	case "WARN":
		return record.LevelWarning, nil
	case "CRITICAL":
		return record.LevelFatal, nil
	}
	var names []string
	for _, level := range slices.Concat(record.Levels, s.ownLevels()) {
		if strings.EqualFold(text, string(level)) {
			return level, nil
		}
		names = append(names, string(level))
	}
	if s.configTrouble != "" && record.CheckName(text) == nil {
		return record.Level(text), nil
	}
	return "", fmt.Errorf("%q is no level; use %s", text, strings.Join(names, ", "))
}

// Bounds of a message from stdin: of what is kept, so that a secret at the cut is
// still seen, and of what is counted beyond.
const (
	maxStdinKept    = record.MaxMessageBytes + 4<<10
	maxStdinCounted = 1 << 30
)

// messageText joins the words of a message, or reads it from stdin; it returns
// how many bytes were left out there.
func messageText(words []string) (text string, left int64, err error) {
	text = strings.Join(words, " ")
	if text == "-" {
		data, err := io.ReadAll(io.LimitReader(os.Stdin, maxStdinKept))
		if err == nil {
			left, err = io.Copy(io.Discard, io.LimitReader(os.Stdin, maxStdinCounted))
		}
		if err != nil {
			return "", 0, fmt.Errorf("read the message from stdin: %w", err)
		}
		text = strings.TrimRight(string(data), "\r\n")
	}
	return strings.ToValidUTF8(text, "\uFFFD"), left, nil
}
