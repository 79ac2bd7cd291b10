package viewer

import (
	"time"

	"github.com/mvrun/mvrun/record"
)

// RunState says what has become of a run.
type RunState string

// The states of a run.
const (
	RunOK      RunState = "ok"
	RunFailed  RunState = "failed"
	RunSkipped RunState = "skipped" // it was not to begin, see --overlap
	RunLost    RunState = "lost"    // its mvrun was killed, or the host went down: nobody knows how the job ended
	RunRunning RunState = "running" // under way, or so says a host that cannot be asked from here
	RunUnknown RunState = "unknown" // it has begun, and neither its end nor that it still runs is known
)

// Run is one run as its own record, or while there is none its heartbeat, tells of
// it. All texts are as they are recorded, with secrets masked: who shows them has to
// escape them.
type Run struct {
	Item   record.Item
	ID     string
	State  RunState
	Detail string // what the state rests on, where it is no record of the run's end

	Begin, End time.Time     // zero where not known
	Duration   time.Duration // until now for a run that is under way; 0 where not known
	Argv       []string      // nil where not known
	// Fields are those of the run record, in its order, without env, env_key and env_sum;
	// of the heartbeat while there is no other.
	Fields []record.Field

	environment environment
}

// Get is the value of a key of Fields as a text, or "".
func (r *Run) Get(key string) string {
	entry := entry{fields: r.Fields}
	return entry.get(key)
}

// Ended reports whether there is a record of the run's end.
func (r *Run) Ended() bool {
	return r.State == RunOK || r.State == RunFailed || r.State == RunSkipped || r.State == RunLost
}

// Failed reports whether somebody may have to look at the run.
func (r *Run) Failed() bool { return r.State.failed() }

func (s RunState) failed() bool { return s == RunFailed || s == RunLost }

// RunReport is one run whole.
type RunReport struct {
	Run
	Settings record.ItemSettings // of its item, as they are now
	// Records are the run's heartbeats and logs, and its alarms, by time. An alarm is
	// there once, at the time when it was raised, with all that became of it.
	Records     []RunRecord
	LeftOut     int // records beyond RunOptions.MaxRecords, from the middle
	Nested      []NestedRun
	Output      KeptOutput
	Good        *Run        // the last one of the item before this that ended well; nil for none
	Newest      *Run        // the item's newest run, where that is not this one; nil else
	Comparison  []Compared  // of this run and the good one, or of this one alone
	Environment Environment // which names differ from the good run's
	Skipped     int         // lines that could not be read
	Problems    []string    // files and folders that could not be
}

// RunOptions say how much of a run is read. The zero value is ready.
type RunOptions struct {
	Masker     *record.Masker // nil: one of the built-in patterns
	MaxRecords int            // of RunReport.Records; 0 means 1000
	// Directions and Items, names or patterns, narrow down whose run an id may be.
	Directions, Items []string
	// Waiting tells of the run's alarms that stand in the outbox; nil for nobody to
	// ask. Its error becomes one of the report's problems.
	Waiting func(run *Run) ([]WaitingAlarm, error)
}

// defaultRunRecords is as much as a person reads, and flat in memory.
const defaultRunRecords = 1000

// ReadRun reads one run whole. The id may be cut at its end, behind its date, or be
// only what follows its dash (at least four digits), as long as a single run is
// meant. The error is an *InputError where there is no such run, or more than one;
// anything else means that the database cannot be read.
func ReadRun(store *record.Store, id string, now time.Time, o RunOptions) (*RunReport, error) {
	reader := newRunReader(store, now, o)
	found, err := reader.find(id)
	if err != nil {
		return nil, err
	}
	return reader.report(found)
}

// ReadLastFailed reads the newest failed or lost run of an item whole. The error is
// an *InputError where the item has none on record.
func ReadLastFailed(store *record.Store, item record.Item, now time.Time, o RunOptions) (*RunReport, error) {
	reader := newRunReader(store, now, o)
	run, err := reader.newest(item, time.Time{}, func(state RunState, _ string) bool { return state.failed() })
	switch {
	case err != nil:
		return nil, err
	case run == nil:
		return nil, &InputError{"item", item.String(), "has no failed run on record", "mvrun view run --item " + item.Name + " lists its runs"}
	}
	return reader.report(foundRun{item: item, id: run.ID, begin: run.Begin})
}

// runReader reads what belongs to one run.
type runReader struct {
	store    *record.Store
	now      time.Time
	options  RunOptions
	masker   *record.Masker
	skipped  int
	problems []string
}

func newRunReader(store *record.Store, now time.Time, o RunOptions) *runReader {
	if o.MaxRecords <= 0 {
		o.MaxRecords = defaultRunRecords
	}
	masker := o.Masker
	if masker == nil {
		masker = new(record.Masker)
	}
	return &runReader{store: store, now: now, options: o, masker: masker}
}

// report reads all about a run that was found.
func (r *runReader) report(found foundRun) (*RunReport, error) {
	run, err := r.run(found)
	if err != nil {
		return nil, err
	}
	report := &RunReport{Run: *run}
	settings, err := r.store.ReadItem(found.item)
	r.problem(err)
	report.Settings = r.maskSettings(settings)
	if err := r.records(report); err != nil {
		return nil, err
	}
	report.Output = r.output(&report.Run)
	report.Good, err = r.newest(found.item, report.before(r.now), func(state RunState, id string) bool { return state == RunOK && id != run.ID })
	r.problem(err)
	newest, err := r.newest(found.item, time.Time{}, func(RunState, string) bool { return true })
	r.problem(err)
	if newest != nil && newest.ID != run.ID {
		report.Newest = newest
	}
	report.Comparison = compare(&report.Run, report.Good)
	if report.Good != nil {
		report.Environment = r.compareEnvironment(&report.Run, report.Good)
	}
	report.Skipped, report.Problems = r.skipped, r.problems
	return report, nil
}

// before is up to when a run is one before this.
func (r *Run) before(now time.Time) time.Time {
	switch {
	case !r.End.IsZero():
		return r.End
	case !r.Begin.IsZero():
		return r.Begin
	}
	return now
}

func (r *runReader) problem(err error) {
	if err != nil && len(r.problems) < maxNotes {
		r.problems = append(r.problems, err.Error())
	}
}

// rows lists records and takes note of what could not be read.
func (r *runReader) rows(q record.Query, use func(row record.Row) (goOn bool)) error {
	q.Location = r.now.Location()
	rows := r.store.Select(q)
	for row := range rows.All() {
		if !use(row) {
			break
		}
	}
	stats := rows.Stats()
	r.skipped += stats.Skipped
	for _, problem := range stats.Problems {
		r.problem(problem)
	}
	return rows.Err()
}

// ofItem is the query for one item's records.
func ofItem(item record.Item, kind record.Kind) record.Query {
	return record.Query{
		Kind: kind, Directions: []string{record.LiteralPattern(item.Direction)}, Items: []string{record.LiteralPattern(item.Name)},
	}
}
