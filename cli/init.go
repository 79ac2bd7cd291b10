package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mvrun/mvrun/config"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// initOptions are the flags of `mvrun init`.
type initOptions struct {
	config, db, from string
	shared, force    bool
}

func newInitFlags() (*initOptions, *flagSet) {
	o := &initOptions{}
	f := newFlagSet("init")
	f.StringVar(&o.from, "from", "", "take the settings of monitorViewer's `CONFIG.py` over")
	f.BoolVar(&o.shared, "shared", false, "for many users: everybody reads the config and writes to the database")
	f.BoolVar(&o.force, "force", false, "replace a config that is there, and keep it as a backup beside the new one")
	f.StringVar(&o.config, "config", "", "the `file` to write (default: /etc/mvrun/mvrun.yaml for root, ~/.config/mvrun/mvrun.yaml for others)")
	f.StringVar(&o.db, "db", "", "database `folder` (default: that of --from, else /var/lib/mvrun for root, ~/.local/share/mvrun for others)")
	return o, f
}

func initCommand() *command {
	return &command{
		name: "init", synopsis: "[--from CONFIG.py] [--shared]", summary: "write a commented config, and make the database",
		details: "Writes a config that shows and explains every setting, makes the database, and says what to do next. It asks nothing, and mvrun doctor is content with the result as it is. With --from it takes over what a config.py of monitorViewer says; that file is read as data, never run, and each line that cannot be taken over is listed. A config that is there already is replaced only with --force. With --shared the database is sticky and can be written by everybody; otherwise nothing can be written by others.",
		examples: []string{
			"mvrun init",
			"mvrun init --from /ic/software/tools/monitorViewer/conf/config.py --config /ic/software/tools/mvrun/config/mvrun.yaml --shared",
			"mvrun init --db /data/mvrun --force",
		},
		flags: func() *flagSet { _, f := newInitFlags(); return f },
		run:   runInit,
	}
}

func runInit(args []string) error {
	o, f := newInitFlags()
	if err := f.Parse(args); err != nil {
		return flagError("init", f, err)
	}
	if f.NArg() > 0 {
		return usageError{errors.New("init takes no arguments"), "mvrun init --from CONFIG.py"}
	}
	takeFileEnvironment(f)
	if err := o.run(); err != nil {
		return statusError{err, 1}
	}
	return nil
}

// run makes the database first: a config whose database cannot be made would
// send the records of every job into the spool.
func (o *initOptions) run() error {
	path := o.path()
	if path == "" {
		return errors.New("the home folder is not known; name the file with --config")
	}
	if err := o.refuseExisting(path); err != nil {
		return err
	}
	takeover, err := o.takeOver()
	if err != nil {
		return err
	}
	template := o.template(path, takeover)
	data, cfg, err := o.fill(&template, path)
	if err != nil {
		return err
	}
	db := orElse(cfg.DBPath, defaultDB())
	made, err := record.NewTree(db).Make(o.shared, directionNames(cfg)...)
	if err != nil {
		return fmt.Errorf("make the database: %w; --db names another folder", err)
	}
	backup, err := writeConfig(path, data, o.mode(path), o.force, time.Now())
	if err != nil {
		return existsError(err, path)
	}
	var report strings.Builder
	o.report(&report, initReport{path: path, backup: backup, db: db, made: made, config: cfg, takeover: takeover, taken: template.Taken()})
	_, err = os.Stdout.WriteString(viewer.Visible(report.String())) // the config may be another's
	return err
}

func directionNames(cfg *config.Config) (names []string) {
	for _, direction := range cfg.Directions {
		names = append(names, direction.Name)
	}
	return names
}

// systemConfig is the config of the whole host, which root writes.
const systemConfig = "/etc/mvrun/mvrun.yaml"

func (o *initOptions) path() string {
	home := os.Getenv("HOME")
	switch {
	case o.config != "":
		return absolutePath(o.config)
	case os.Getuid() == 0:
		return systemConfig
	case filepath.IsAbs(home):
		return filepath.Join(home, ".config", "mvrun", "mvrun.yaml")
	}
	return ""
}

// forAll reports whether users other than this one will read the config.
func (o *initOptions) forAll(path string) bool { return o.shared || path == systemConfig }

// mode keeps a config that is one user's from the others, since he may write a
// secret into it all the same.
func (o *initOptions) mode(path string) fs.FileMode {
	if o.forAll(path) {
		return 0o644
	}
	return 0o600
}

// refuseExisting spares a user the rest; that nothing is overwritten is seen to
// when the file gets its name.
func (o *initOptions) refuseExisting(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a folder; name a file in it", path)
	case !o.force:
		return existsError(fs.ErrExist, path)
	}
	return nil
}

func existsError(err error, path string) error {
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already; --force replaces it, and keeps a backup", path)
	}
	return err
}

// takeOver reads the config.py, if one is named, and lists what is left of it.
func (o *initOptions) takeOver() (*config.Takeover, error) {
	if o.from == "" {
		return nil, nil
	}
	takeover, err := config.TakeOver(o.from, configGrammar())
	if err != nil {
		return nil, err
	}
	masker, err := record.NewMasker(nil)
	if err != nil {
		return nil, err
	}
	for _, fault := range takeover.Left {
		if !strings.HasSuffix(fault.Key, " = …") { // the value is left out already
			fault.Key = masker.Mask(fault.Key)
		}
		printLine("mvrun: note: " + fault.Error())
	}
	if len(takeover.Taken) == 0 {
		return nil, fmt.Errorf("nothing of %s can be taken over, so nothing was written", o.from)
	}
	return takeover, nil
}

// template says what to fill the config in with. That of a whole host names no
// database unless one is shared or asked for: other users could not write to
// root's.
func (o *initOptions) template(path string, takeover *config.Takeover) config.TemplateOptions {
	t := config.TemplateOptions{Admin: userName(), From: takeover}
	taken := takeover != nil && slices.Contains(takeover.Taken, "db_path")
	switch {
	case o.db != "":
		t.DBPath = absolutePath(o.db)
	case !taken && (o.shared || path != systemConfig):
		t.DBPath = defaultDB()
	}
	return t
}

// fill writes the config. Where its database is, on which the alarm command
// depends, is known when it has been read.
func (o *initOptions) fill(t *config.TemplateOptions, path string) ([]byte, *config.Config, error) {
	t.AlarmCommand = "true"
	_, cfg, err := config.Template(*t)
	if err != nil {
		return nil, nil, faultOfTemplate(err)
	}
	file := alarmFile(orElse(cfg.DBPath, defaultDB()), o.forAll(path))
	t.AlarmCommand, t.CommandComment = findAlarmTools().command(file)
	data, cfg, err := config.Template(*t)
	return data, cfg, faultOfTemplate(err)
}

// faultOfTemplate tells of a value that no config may hold, such as a path with
// a line end in it. Its line is of no use: no file was written.
func faultOfTemplate(err error) error {
	faults, ok := errors.AsType[config.Faults](err)
	if !ok {
		return err
	}
	return fmt.Errorf("%s %s; %s", orElse(faults[0].Key, "the config"), faults[0].Problem, faults[0].Hint)
}

func defaultDB() string {
	return config.DefaultDB(os.Getuid(), os.Getenv("HOME"), os.Getenv("XDG_DATA_HOME"))
}
