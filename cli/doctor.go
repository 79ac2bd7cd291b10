package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/config"
	"github.com/mvrun/mvrun/notify"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// doctorOptions are the flags of `mvrun doctor`.
type doctorOptions struct {
	*runOptions
	json, send                   bool
	route, message, level, title string
	at                           string
}

func newDoctorFlags() (*doctorOptions, *flagSet) {
	o := &doctorOptions{runOptions: newRunOptions()}
	f := newFlagSet("doctor")
	f.StringVar(&o.route, "route", "", "explain what would become of an alarm of `DIRECTION/ITEM`, without sending")
	f.StringVar(&o.message, "message", "", "with --route: the alarm's `text`")
	f.StringVar(&o.title, "title", "", "with --route: its `title` (default: the item)")
	f.StringVar(&o.level, "level", string(record.LevelAlarm), "with --route: its `level`, Alarm or that of a record with to=")
	f.Var(receiversValue{&o.receivers}, "receivers", "with --route or --send: its receivers (default: the direction's admin)")
	f.StringVar(&o.at, "at", "", "with --route: at this `time` instead of now")
	f.BoolVar(&o.send, "send", false, "send one test alarm, marked as such, by the usual way")
	f.BoolVar(&o.json, "json", false, "print JSON, for other programs")
	addDatabaseFlags(f, &o.config, &o.db)
	return o, f
}

func doctorCommand() *command {
	return &command{
		name: "doctor", synopsis: "[--route DIRECTION/ITEM] [--send]", summary: "check config, database, clock, cron and that alarms can arrive, or explain where one goes",
		details: "Looks at the config, the directions, the database (rights, space, locks, clock, how it is mounted), the spool, what waits to be sent, each way to send and whether its server can be reached, the cron daemon and the lines that it starts mvrun by, and says of each whether it is in order and what to do. The exit status is 1 where the worst of it is a warning, and 2 where it is an error.",
		examples: []string{
			"mvrun doctor",
			"mvrun doctor --send --receivers alice",
			`mvrun doctor --route LSF/check_lsf_node_status --message "n232 is unreachable" --at "2026-11-28 23:30"`,
		},
		flags: func() *flagSet { _, f := newDoctorFlags(); return f },
		run:   runDoctor,
	}
}

// finding is what one check has found.
type finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	State  string `json:"state"` // ok, warning or error
	Found  string `json:"found"`
	Advice string `json:"advice,omitempty"` // what to do where it is not ok
}

// doctor checks one thing after another.
type doctor struct {
	*session
	send     bool // a test alarm, which needs a database
	findings []finding
}

func (d *doctor) ok(check, format string, args ...any) {
	d.findings = append(d.findings, finding{Check: check, OK: true, State: "ok", Found: fmt.Sprintf(format, args...)})
}

// warning is for what works, and may not for long.
func (d *doctor) warning(check, found, advice string) {
	d.findings = append(d.findings, finding{Check: check, State: "warning", Found: found, Advice: advice})
}

func (d *doctor) bad(check, found, advice string) {
	d.findings = append(d.findings, finding{Check: check, State: "error", Found: found, Advice: advice})
}

func runDoctor(args []string) error {
	o, f := newDoctorFlags()
	if err := f.Parse(args); err != nil {
		return flagError("doctor", f, err)
	}
	if f.NArg() > 0 {
		return usageError{errors.New("doctor takes no arguments"), "mvrun doctor --route LSF/check_lsf_node_status"}
	}
	takeFileEnvironment(f)
	s := newSession(o.runOptions, f)
	s.told = true // findings say it
	if o.route != "" {
		if o.send {
			return usageError{errors.New("--route explains and sends nothing; --send is for doctor alone"), "mvrun doctor --send"}
		}
		return o.explainRoute(s)
	}
	for _, name := range []string{"message", "title", "level", "at"} {
		if f.Changed(name) {
			return usageError{fmt.Errorf("--%s belongs to --route", name), "mvrun doctor --route LSF/check_lsf_node_status"}
		}
	}
	d := &doctor{session: s, send: o.send}
	d.checkVersions()
	d.checkConfig()
	d.checkDirections()
	d.checkDatabase()
	d.checkSpool()
	d.checkSending()
	d.checkCron()
	if o.send {
		d.sendTest()
	}
	return d.report(o.json)
}

// report prints what was found; the worst of it is the status: 1 for a warning, 2
// for an error.
func (d *doctor) report(asJSON bool) error {
	worst := 0
	signs := map[string]string{"ok": "✓", "warning": "!", "error": "✗"}
	for _, found := range d.findings {
		switch found.State {
		case "warning":
			worst = max(worst, 1)
		case "error":
			worst = 2
		}
		if asJSON {
			data, err := json.Marshal(found)
			if err != nil {
				return statusError{err, 2}
			}
			fmt.Fprintln(os.Stdout, string(data))
			continue
		}
		fmt.Fprintf(os.Stdout, "%s %s: %s\n", signs[found.State], found.Check, found.Found)
		if found.Advice != "" {
			fmt.Fprintf(os.Stdout, "    %s\n", found.Advice)
		}
	}
	if worst > 0 {
		return silentStatus(worst)
	}
	return nil
}

func (d *doctor) checkConfig() {
	known := d.readConfig(time.Now().Add(viewPatience))
	if path := d.configPath; path == "" {
		d.ok("config", "none; defaults are used")
	} else {
		loaded, err := config.Load(path)
		faults, isFaults := errors.AsType[config.Faults](err)
		if err != nil && !isFaults {
			d.bad("config", err.Error(), "")
		}
		if loaded != nil {
			faults = append(faults, sendingFaults(loaded)...)
		}
		for _, fault := range faults {
			d.bad("config", fault.Error(), "")
		}
		if err == nil && len(faults) == 0 {
			d.ok("config", "%s", path)
		}
	}
	d.masker = d.newMasker()
	if db := d.databasePath(known); db != "" {
		d.store, _ = d.newStore(db)
	}
}

// checkDatabase writes to the database what a mute would be kept as, and takes
// it away again.
func (d *doctor) checkDatabase() {
	if d.store == nil {
		d.bad("database", "nobody knows where it is", "set db_path in the config")
		return
	}
	if _, err := os.Stat(d.store.Path()); errors.Is(err, fs.ErrNotExist) && !d.send {
		if d.session.options.db == "" && d.config.DBPath == "" {
			d.ok("database", "%s is not there yet; the first run makes it", d.store.Path())
			return
		}
		d.warning("database", d.store.Path()+" is not there yet", "the first run makes it, on this host alone if it belongs on a share that is not mounted; mvrun init makes it as well")
		return
	}
	elem := []string{record.MetaFolder, "probe", newRunID(time.Now())}
	meta := d.store.Meta()
	before := time.Now().Add(-10 * time.Millisecond) // file systems keep the time of the last tick
	err := meta.WriteFile([]byte("mvrun doctor\n"), 0o644, elem...)
	after := time.Now()
	if err != nil {
		d.bad("database", d.masker.Mask(err.Error()), "until it can be written, records and alarms are kept in the spool")
		return
	}
	layout, _ := d.store.Layout()
	d.ok("database", "%s can be written (layout %s)", d.store.Path(), layout)
	d.checkClock(meta.Path(elem...), before, after)
	if err := meta.Remove(elem...); err != nil {
		d.bad("database", d.masker.Mask(err.Error()), "files cannot be removed; look at the rights of the folder")
	}
	d.checkMount(d.store.Path())
	d.checkSpace("space", d.store.Path())
	d.checkLocks()
	d.checkOutbox()
	d.checkChecks()
}

func (d *doctor) checkOutbox() {
	status, err := notify.Outbox(d.store, time.Now())
	switch {
	case err != nil:
		d.bad("outbox", err.Error(), "")
	case status.Stuck > 0:
		d.bad("outbox", fmt.Sprintf("%d alarms wait, %d of them for more than an hour, the oldest since %s", status.Waiting, status.Stuck,
			status.Oldest.Local().Format(record.TimeLayout)), "mvrun view alarm --why tells why; mvrun flush tries again at once")
	case status.Bad > 0:
		d.warning("outbox", fmt.Sprintf("%d files cannot be read", status.Bad), "look at .mvrun/outbox/*.bad below the database")
	default:
		d.ok("outbox", "%d alarms wait, %d are held back, %d are being sent", status.Waiting, status.Resting, status.Sending)
	}
}

// checkSpool looks at the folder that takes what the database cannot take.
func (d *doctor) checkSpool() {
	usable := ""
	for _, folder := range d.spoolFolders() {
		at := folder
		for at != "/" && !folderExists(at) {
			at = filepath.Dir(at) // it is made when it is needed
		}
		if usable == "" && unix.Access(at, unix.W_OK|unix.X_OK) == nil {
			usable = folder
		}
	}
	db := ""
	if d.store != nil {
		db = d.store.Path()
	}
	waiting, others, err := record.SpoolWaits(d.spoolFolders(), db)
	switch {
	case usable == "":
		d.bad("spool", "no folder for it can be written: "+strings.Join(d.spoolFolders(), ", "), "what the database does not take would be lost; make one of them")
	case waiting > 0:
		d.warning("spool", plural(waiting, "file")+" of this host not merged yet", "the next run merges them; or mvrun flush")
	case err != nil:
		d.warning("spool", err.Error(), "whether something waits there cannot be said; see to it that it can be read")
	case others > 0:
		d.ok("spool", "empty, in %s, but for %s of other databases", usable, plural(others, "file"))
	default:
		d.ok("spool", "empty, in %s", usable)
	}
}

func folderExists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// checkSending looks at each way to send, and whether it reaches the admins.
func (d *doctor) checkSending() {
	way := newRouting(d.config, d.adminOf)
	if !way.configured() {
		d.bad("sending", "there is neither send_alarm_command nor a channel", "alarms are kept for give_up, 3 days, and sent once there is one; set one in the config, as mvrun init does")
		return
	}
	if d.config.SendAlarmCommand != "" {
		d.checkCommand()
	}
	for _, channel := range d.config.Channels {
		d.checkChannel(way, channelSpec(&channel))
	}
}

// checkCommand looks for the program that a command begins with, where that is
// plain to see.
func (d *doctor) checkCommand() {
	words := strings.Fields(d.config.SendAlarmCommand)
	program := strings.Trim(words[0], `"'`)
	if strings.ContainsAny(program, "$`(){};|&<>=") {
		d.ok("send_alarm_command", "is a line of shell that begins with %s", program)
		return
	}
	if !isShellWord(program) && findProgram(program) == "" {
		d.bad("send_alarm_command", program+" cannot be found, or not be executed", "alarms wait in the outbox until it can be")
		return
	}
	d.ok("send_alarm_command", "%s", orElse(findProgram(program), program))
}

// findProgram looks for a program as a shell does; "" where there is none.
func findProgram(name string) string {
	folders := []string{""}
	if !strings.Contains(name, "/") {
		folders = filepath.SplitList(os.Getenv("PATH"))
	}
	for _, folder := range folders {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && unix.Access(path, unix.X_OK) == nil {
			return path
		}
	}
	return ""
}

func isShellWord(word string) bool {
	for _, known := range [...]string{"if", "for", "while", "case", "echo", "printf", "true", "false", "test", "[", "exec", "command", ":", "."} {
		if word == known {
			return true
		}
	}
	return false
}

func (d *doctor) checkChannel(way *routing, spec notify.ChannelSpec) {
	check := "channel " + spec.Name
	if problems := notify.CheckChannel(spec); len(problems) > 0 {
		d.bad(check, "its settings are faulty", "see the findings about the config")
		return
	}
	for key, value := range spec.Settings {
		if strings.HasPrefix(value.Text, "env:") || strings.HasPrefix(value.Text, "file:") {
			if _, err := config.Secret(value.Text); err != nil {
				d.bad(check, key+": "+err.Error(), "alarms by this channel wait until it can be read")
				return
			}
		}
	}
	var unreachable []string
	for _, direction := range d.config.Directions {
		if !way.uses(spec.Name) {
			break // nobody is told by it yet
		}
		for _, name := range notify.SplitReceivers(direction.Admin) {
			if _, note := way.resolve(&notify.Alarm{Direction: direction.Name}, spec.Name, []string{name}); note != "" {
				unreachable = append(unreachable, name+" ("+direction.Name+")")
			}
		}
	}
	if len(unreachable) > 0 {
		d.bad(check, "has no address of these admins: "+strings.Join(unreachable, ", "), "add them to contacts")
		return
	}
	if err := notify.Reach(context.Background(), spec, channelOptions()); err != nil {
		d.warning(check, "its server cannot be reached: "+d.masker.Mask(err.Error()), "alarms by it wait in the outbox meanwhile; look at the address, the proxy and the firewall")
		return
	}
	d.ok(check, "is of type %s, and its server can be reached", spec.Type)
}

// sendTest sends an alarm that says that it is a test.
func (d *doctor) sendTest() {
	if d.store == nil {
		return
	}
	d.item = record.Item{Direction: "default", Name: "doctor"}
	supervisor := runner.NewSupervisor()
	d.openStore(true)
	d.origin = findOrigin(d.options, d.options.script)
	who := userName()
	if current, err := user.Current(); err == nil && current.Name != "" {
		who = current.Name
	}
	desk := newAlarmDesk(d.session, &counts{}, supervisor)
	desk.receivers = orElse(d.options.receivers, desk.receivers)
	desk.noMoreSettings()
	desk.raiseKind(record.Message{
		Level: record.LevelAlarm, Title: "mvrun test alarm", Time: time.Now(), Frequency: "everytime",
		Text: fmt.Sprintf("This is a test. %s has sent it by mvrun doctor --send on %s; nothing is wrong.", who, hostName()),
	}, notify.KindTest)
	report := desk.dispatcher.Drain(d.config.SendTimeout + time.Second)
	_ = d.leave()
	switch {
	case report.Own.Sent > 0:
		d.ok("test alarm", "was sent to %s", desk.receivers)
	default:
		d.bad("test alarm", "was not sent", "mvrun view alarm --direction default --item doctor --why tells why")
	}
}
