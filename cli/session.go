package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"

	"github.com/mvrun/mvrun/config"
	"github.com/mvrun/mvrun/record"
)

// startBudget is how long everything that precedes the command may take: the
// job starts within 100 ms of when it would have started without mvrun, also
// on a file system that does not answer.
const startBudget = 60 * time.Millisecond

// session is what a process holds that records something for an item: a run,
// the drainer that it leaves behind, `mvrun log` and `mvrun alarm`.
type session struct {
	options    *runOptions
	flags      *pflag.FlagSet
	config     *config.Config // never nil
	configPath string
	// Why what the config does not say may only be unknown; "" where it is whole.
	configTrouble    string
	retentionTrouble string // why retention cannot be trusted; "" where it can
	item             record.Item
	run              string // the run's id; "" outside of one
	told             bool   // the run has warned of the settings already
	parent           string
	origin           origin

	store  *record.Store // nil where the config could not say which database
	spool  *record.Spool
	writer *record.Writer
	masker *record.Masker
	budget record.Budget // of all waits for disks

	mu        sync.Mutex
	lastStamp time.Time
	warnings  []string // told before the writer was there to record them

	databaseTold atomic.Bool // stderr has a line about the database, or why there is none
}

// origin says where a record comes from.
type origin struct {
	user, address, hostname   string
	script, startup           string
	buildURL, jobName, number string
	pid                       int
}

func findOrigin(o *runOptions, script string) origin {
	from := origin{
		user: userName(), address: hostAddress(), hostname: hostName(), script: record.CutTo(script, maxPath),
		startup: record.CutTo(o.startup, maxText), pid: os.Getpid(), buildURL: record.CutTo(os.Getenv("BUILD_URL"), maxPath),
		jobName: record.CutTo(os.Getenv("JOB_NAME"), maxText), number: record.CutTo(os.Getenv("BUILD_NUMBER"), maxText),
	}
	if from.startup == "" {
		from.startup = startupMethod(os.Getenv, processAncestors)
	}
	return from
}

// warn tells the user by one line on stderr and the item's admin by a Warning record,
// which keeps the lines of what it tells. It
// never fails, and waits as long as the writer does where its queue is full.
func (s *session) warn(problem string) {
	problem = strings.TrimRight(problem, "\n")
	printLine("mvrun: warning: " + oneLine(problem))
	s.mu.Lock()
	if s.writer == nil {
		s.warnings = append(s.warnings, problem)
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	s.log(record.LevelWarning, "mvrun: "+problem, time.Now())
}

// readEnvironment takes what the command line left out from the environment.
func (s *session) readEnvironment() {
	if s.options.trial != "" {
		return // selftest tries mvrun, not what it is set to
	}
	for _, problem := range s.options.fromEnvironment(s.flags, os.Getenv) {
		s.warnOfSettings(problem)
	}
}

// warnOfSettings warns of what every process of a run finds wrong in the config
// and the environment.
func (s *session) warnOfSettings(problem string) {
	if !s.told {
		s.warn(problem)
	}
}

// open reads the config and names the database and the spool. Whatever is wrong
// is told and gone without.
func (s *session) open(deadline time.Time) {
	known := s.readSettings(deadline)
	if _, ok := s.config.Admin(s.item.Direction); !ok {
		s.warnOfSettings(fmt.Sprintf("direction %q is not in valid_direction_dic of %s%s", s.item.Direction, s.configPath,
			didYouMean(s.item.Direction, s.directionNames())))
	}
	s.openStore(known)
}

// readSettings reads the config, and reports whether that says which database
// to use.
func (s *session) readSettings(deadline time.Time) (known bool) {
	known = s.readConfig(deadline)
	if err := s.options.checkFrequency(); err != nil {
		s.warnOfSettings(err.Error() + "; it counts as not given")
	}
	for _, problem := range s.options.fromConfig(s.flags, s.config.Defaults) {
		s.warnOfSettings(problem)
	}
	s.item = record.Item{Direction: s.options.direction, Name: s.options.item}
	return known
}

func (s *session) directionNames() []string {
	var names []string
	for _, d := range s.config.Directions {
		names = append(names, d.Name)
	}
	return names
}

// readConfig reports whether the config says which database to use, be it by
// leaving it to the default.
func (s *session) readConfig(deadline time.Time) (known bool) {
	s.config, _ = config.Parse("", nil, config.Grammar{})
	executable, _ := os.Executable()
	s.configPath = config.Find(config.FindOptions{
		Flag: s.options.config, Executable: executable, Home: os.Getenv("HOME"),
	})
	if s.configPath == "" {
		return true
	}
	s.configPath = absolutePath(s.configPath)
	loaded, err := loadConfig(s.configPath, deadline)
	if loaded != nil {
		s.config = loaded
		for _, fault := range sendingFaults(loaded) {
			s.warnOfSettings("config: " + fault.Error())
		}
	}
	if err == nil {
		return true
	}
	s.configTrouble = "the config could not be read in full"
	faults, ok := errors.AsType[config.Faults](err)
	if !ok {
		s.warnOfSettings("config: " + err.Error())
		s.retentionTrouble = s.configTrouble
		return false
	}
	known = true
	for _, fault := range faults {
		s.warnOfSettings("config: " + fault.Error())
		// A fault of no key is one of the file's form; db_path may have stood
		// in what could not be read.
		if fault.Key == "" || fault.Key == "db_path" {
			known = s.config.DBPath != ""
		}
		if fault.Key == "" || fault.Key == "retention" || strings.HasPrefix(fault.Key, "retention.") {
			s.retentionTrouble = "retention in the config could not be read in full"
		}
	}
	return known
}

// loadConfig gives up at the deadline: the config may lie on a file system that
// hangs.
func loadConfig(path string, deadline time.Time) (*config.Config, error) {
	type answer struct {
		config *config.Config
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		loaded, err := config.Load(path, configGrammar())
		answers <- answer{loaded, err}
	}()
	if a, ok := record.AwaitFairly(answers, max(time.Until(deadline), startBudget/2), record.Starved); ok {
		return a.config, a.err
	}
	return nil, fmt.Errorf("open config %q: the file system does not answer", path)
}

// openStore makes the writer. Nothing is touched on disk yet.
func (s *session) openStore(known bool) {
	s.masker = s.newMasker()
	s.maskLabels()
	s.boundTexts()
	db := s.databasePath(known)
	if db != "" {
		store, err := s.newStore(db)
		if err != nil {
			s.warn(err.Error())
		}
		s.store = store
	}
	s.databaseTold.Store(s.store == nil)
	name := s.run
	if name == "" {
		name = newRunID(time.Now())
	}
	s.spool = record.NewSpool(s.spoolFolders(), record.SpoolName(time.Now(), name, db))
	writer := record.NewWriter(s.store, s.spool, record.WriterOptions{Warn: s.warnOfDatabase, Starved: record.Starved, Budget: &s.budget})
	s.mu.Lock()
	s.writer = writer
	s.mu.Unlock()
}

// databasePath is "" where nobody knows which database is meant.
func (s *session) databasePath(known bool) string {
	switch {
	case s.options.db != "":
		return absolutePath(s.options.db)
	case !known:
		return ""
	case s.config.DBPath != "":
		return s.config.DBPath
	}
	return config.DefaultDB(os.Getuid(), os.Getenv("HOME"), os.Getenv("XDG_DATA_HOME"))
}

func (s *session) newStore(path string) (*record.Store, error) {
	return record.OpenStore(path, record.StoreOptions{
		Layout: record.Layout(s.config.DBLayout), Host: hostName(), SpoolFolders: s.spoolFolders(), Lock: lockInChild,
	})
}

// databaseToRead is for the commands that only read: a database that is not
// known or not there is an error to them.
func (s *session) databaseToRead(known bool) (*record.Store, error) {
	path := s.databasePath(known)
	if path == "" {
		return nil, statusError{errors.New("the config does not say where the database is"), 1}
	}
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a folder", path)
	}
	if err != nil {
		return nil, statusError{fmt.Errorf("open the database: %w", err), 1}
	}
	return s.newStore(path)
}

// warnOfDatabase is told by the writer and by the dispatcher, each in a goroutine
// of its own. What is wrong with the database is one line on stderr; what
// follows from it is in the records.
func (s *session) warnOfDatabase(problem string) {
	if s.databaseTold.Swap(true) {
		s.log(record.LevelWarning, "mvrun: "+problem, time.Now())
		return
	}
	s.warn(problem)
}

// spoolFolders are the places for what the database does not take and for what
// runs on this host tell each other.
func (s *session) spoolFolders() []string {
	if s.options.trial != "" {
		return []string{filepath.Join(s.options.trial, "spool")}
	}
	return hostFolders()
}

func hostFolders() []string {
	return record.SpoolFolders(os.Getenv("XDG_STATE_HOME"), os.Getuid())
}

func (s *session) newMasker() *record.Masker {
	masker, err := record.NewMasker(s.config.Mask)
	if err != nil {
		s.warn("config: mask: " + err.Error())
		masker, _ = record.NewMasker(nil)
	}
	return masker
}

// maskLabels takes secrets out of the labels, which are recorded and remembered.
func (s *session) maskLabels() {
	for i, label := range s.options.labels {
		setting := s.masker.MaskArgs([]string{label[0] + "=" + label[1]})[0]
		if _, value, ok := strings.Cut(setting, "="); ok {
			s.options.labels[i][1] = value
		}
	}
}

// recordWarnings makes records of what was told before the writer was there.
func (s *session) recordWarnings() {
	s.mu.Lock()
	warnings := s.warnings
	s.warnings = nil
	s.mu.Unlock()
	for _, problem := range warnings {
		s.log(record.LevelWarning, "mvrun: "+problem, time.Now())
	}
}

// stamp makes times of records strictly increase within a process: by run and
// time, every line of mvrun's is unique, which the spool and the merger need.
func (s *session) stamp(t time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	t = t.Round(0)
	if !t.After(s.lastStamp) {
		t = s.lastStamp.Add(1)
	}
	s.lastStamp = t
	return t
}
