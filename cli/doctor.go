package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/config"
	"github.com/mvrun/mvrun/notify"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
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
	f.StringVar(&o.at, "at", "", "with --route: at this `time` instead of now, such as 23:00")
	f.BoolVar(&o.send, "send", false, "send one test alarm, marked as such, by the usual way")
	f.BoolVar(&o.json, "json", false, "print JSON, for other programs")
	addDatabaseFlags(f, &o.config, &o.db)
	return o, f
}

func doctorCommand() *command {
	return &command{
		name: "doctor", synopsis: "[--route DIRECTION/ITEM] [--send]", summary: "check config, database, clock, cron and that alarms can arrive, or explain where one goes",
		details: "Looks at the config and who else may change it, the directions, the database (rights, space, locks, clock, how it is mounted), the spool, what waits to be sent, each way to send and whether its server can be reached, the cron daemon and the lines that it starts mvrun by, and says of each whether it is in order and what to do. The exit status is 1 where the worst of it is a warning, and 2 where it is an error.",
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
	d.checkRights()
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
		text := found.Check + ": " + found.Found
		if found.Advice != "" {
			text += "\n" + found.Advice
		}
		// What is found are names, lines and answers that others have written.
		fmt.Fprintf(os.Stdout, "%s %s\n", signs[found.State], strings.ReplaceAll(viewer.Visible(text), "\n", "\n    "))
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
		loaded, err := config.Load(path, configGrammar())
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
	d.checkSticky(d.store.Path())
	d.checkClock(meta.Path(elem...), before, after)
	if err := meta.Remove(elem...); err != nil {
		d.bad("database", d.masker.Mask(err.Error()), "files cannot be removed; look at the rights of the folder")
	}
	d.checkMount(d.store.Path())
	d.checkSpace("space", d.store.Path())
	d.checkLocks()
	d.checkOutbox()
	d.checkNames()
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
