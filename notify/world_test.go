package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mvrun/mvrun/ratelimit"
	"github.com/mvrun/mvrun/record"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.Local)

// world is a database with what stands around a dispatcher.
type world struct {
	t     testing.TB
	path  string
	now   func() time.Time
	store *record.Store

	mu      sync.Mutex
	spooled []record.Entry
	lines   []string // given to the recorder
	warned  []string

	warning chan string // each warning, as it comes
}

func newWorld(t testing.TB, layout record.Layout, host string, path string) *world {
	t.Helper()
	w := &world{t: t, path: path, now: func() time.Time { return noon }, warning: make(chan string, 100)}
	store, err := record.OpenStore(path, record.StoreOptions{Layout: layout, Host: host, Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	w.store = store
	return w
}

func plainWorld(t testing.TB) *world {
	return newWorld(t, record.LayoutDirect, "h1", filepath.Join(t.TempDir(), "db"))
}

func (w *world) Record(item record.Item, kind record.Kind, t time.Time, line []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, string(line))
	_ = w.store.Append(item, kind, record.Day(t), line)
}

func (w *world) spool(e record.Entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spooled = append(w.spooled, e)
	return nil
}

func (w *world) warn(problem string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.warned = append(w.warned, problem)
	w.warning <- problem
}

// told is what was warned of so far. A dispatcher may warn beside its work: what it
// warns of for certain is received from warning.
func (w *world) told() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.warned)
}

func (w *world) options(s Sender) Options {
	return Options{Store: w.store, Recorder: w, Spool: w.spool, Sender: s, Now: w.now, Warn: w.warn}
}

func (w *world) dispatcher(s Sender) *Dispatcher { return New(w.options(s)) }

// outbox lists the names in the outbox.
func (w *world) outbox() []string {
	files, err := os.ReadDir(filepath.Join(w.path, ".mvrun", "outbox"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, file.Name())
	}
	return names
}

func (w *world) states() []string {
	var states []string
	for _, name := range w.outbox() {
		_, rest, _ := strings.Cut(name, ".")
		state, _, _ := strings.Cut(rest, "~")
		states = append(states, state)
	}
	slices.Sort(states)
	return states
}

// records reads the alarm records of the item of all hosts.
func (w *world) records() []map[string]any {
	paths := []string{filepath.Join(w.path, "LSF", "nodes", "alarm", record.Day(w.now()))}
	hosts, _ := filepath.Glob(filepath.Join(w.path, ".mvrun", "hosts", "*", "LSF", "nodes", "alarm", record.Day(w.now())))
	var list []map[string]any
	for _, path := range append(paths, hosts...) {
		data, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			w.t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if line == "\n" && strings.Contains(path, "hosts") {
				continue // two processes have ended a line that a third was writing; readers pass over it
			}
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				w.t.Fatalf("%s: %v: %q", path, err, line)
			}
			list = append(list, fields)
		}
	}
	return list
}

func (w *world) results() map[string]int {
	counts := map[string]int{}
	for _, fields := range w.records() {
		counts[fields["send_alarm_result"].(string)]++
	}
	return counts
}

func alarm(message string) Alarm {
	return Alarm{
		Direction: "LSF", Item: "nodes", Level: record.LevelAlarm, Title: "node down", Message: message,
		Receivers: []string{"alice", "bob"}, Run: "run1", Host: "10.1.2.3",
	}
}

func limited(message string, frequency string) Alarm {
	a := alarm(message)
	a.Frequency = frequency
	return a
}

// sender is a Sender from a function.
type sender func(ctx context.Context, a *Alarm) error

func (s sender) Send(ctx context.Context, a *Alarm) error { return s(ctx, a) }

func accept(context.Context, *Alarm) error { return nil }

func refuse(context.Context, *Alarm) error { return errors.New("exit status 3: no route") }

func wantCounts(t *testing.T, got Counts, want Counts) {
	t.Helper()
	if got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
}

func wantStates(t *testing.T, w *world, want ...string) {
	t.Helper()
	if got := w.states(); !slices.Equal(got, want) {
		t.Errorf("outbox holds %v, want %v", got, want)
	}
}

func wantResults(t *testing.T, w *world, want map[string]int) {
	t.Helper()
	if got := w.results(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("results %v, want %v", got, want)
	}
}

// nameUnder is the name of an alarm's entry under its own frequency.
func nameUnder(a *Alarm) entryName {
	policy := ratelimit.Policy{}
	if a.Frequency != "" {
		policy, _ = ratelimit.Parse(a.Frequency)
	}
	return nameOf(a, policy)
}

// lineOf is the record of a result.
func lineOf(r result, a *Alarm) []byte {
	policy, _ := ratelimit.Parse(a.Frequency)
	return r.line(a, identityOf(a, policy), noon)
}
