package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// writerTest is a Writer with a database and a spool of its own.
type writerTest struct {
	*Writer
	store    *Store
	folder   string
	mu       sync.Mutex
	warnings []string
}

func newWriterTest(t *testing.T) *writerTest {
	w := &writerTest{folder: t.TempDir()}
	w.store = testStore(t, filepath.Join(t.TempDir(), "db"), StoreOptions{})
	w.Writer = NewWriter(w.store, NewSpool([]string{w.folder}, "0001-run"), WriterOptions{Warn: w.warn})
	return w
}

func (w *writerTest) warn(problem string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.warnings = append(w.warnings, problem)
}

// told gives the warnings so far.
func (w *writerTest) told() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.warnings, "\n")
}

func (w *writerTest) spoolFiles(t *testing.T) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(w.folder, "*"+spoolSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// hang makes the database hang until the channel is closed.
func (w *writerTest) hang() chan struct{} {
	release := make(chan struct{})
	w.Put(Entry{Item: testItem, Do: func(*Store) error {
		<-release
		return nil
	}})
	return release
}

func (w *writerTest) mustFlush(t *testing.T, within time.Duration) {
	t.Helper()
	began := time.Now()
	if !w.Flush(10 * time.Second) {
		t.Fatal("not flushed")
	}
	if took := time.Since(began); took > within {
		t.Errorf("flushed after %v", took)
	}
}

func TestWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriterTest(t)
		want := testLines("w", 0, 100)
		done := 0
		for i, entry := range testEntries(want) {
			w.Put(entry)
			if i == 50 {
				w.Put(Entry{Item: testItem, Do: func(s *Store) error {
					done = len(storeLines(t, s))
					return errors.New("nobody's")
				}})
			}
		}
		w.Put(Entry{Item: testItem, File: []string{"output", "x"}, Line: "kept"})
		if got := w.Close(time.Second); got != (WriterSummary{}) {
			t.Errorf("%+v", got)
		}
		equalLines(t, "database", fileLines(t, dayPath(w.store.Path())), want)
		if done != 51 {
			t.Errorf("done after %d lines", done)
		}
		if data, err := w.store.Meta().ReadFile(MetaFolder, "output", "x"); string(data) != "kept" {
			t.Error(string(data), err)
		}
		if w.spoolFiles(t) != 0 || w.told() != "" {
			t.Errorf("%d files in the spool; told: %s", w.spoolFiles(t), w.told())
		}
		w.Put(testEntries(want)...)
		if got := w.Close(time.Second); got.Dropped != 100 {
			t.Errorf("after its end: %+v", got)
		}
	})
}

// TestWriterOverASlowDatabase: a database that answers within seconds takes
// everything, once and in order, and nobody is told.
func TestWriterOverASlowDatabase(t *testing.T) {
	for _, slow := range []time.Duration{20 * time.Millisecond, 100 * time.Millisecond, 1500 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			w := newWriterTest(t)
			want := testLines("w", 0, 60)
			marked := 0
			for i, entry := range testEntries(want) {
				if i%20 == 0 {
					w.Put(Entry{Item: testItem, Do: func(*Store) error { time.Sleep(slow); return nil }})
				}
				if i == 30 {
					w.Put(Entry{Item: testItem, Do: func(*Store) error { marked++; return nil }})
				}
				w.Put(entry)
				w.mustFlush(t, 40*time.Millisecond)
			}
			if got := w.Close(20 * time.Second); got != (WriterSummary{}) {
				t.Errorf("%v: %+v", slow, got)
			}
			equalLines(t, slow.String(), fileLines(t, dayPath(w.store.Path())), want)
			if marked != 1 || w.spoolFiles(t) != 0 {
				t.Errorf("%v: done %d times, %d files in the spool", slow, marked, w.spoolFiles(t))
			}
			if slow < time.Second && w.told() != "" {
				t.Errorf("%v: told: %s", slow, w.told())
			}
		})
	}
}

func TestWriterOverADatabaseThatComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriterTest(t)
		want := testLines("w", 0, 90)
		entries := testEntries(want)
		w.Put(entries[:30]...)
		release := w.hang()
		w.Put(entries[30:60]...)
		w.mustFlush(t, 40*time.Millisecond)
		if got := w.Summary(); got.Spooled == 0 || got.Dropped != 0 {
			t.Errorf("%+v", got)
		}
		synctest.Wait()
		if w.told() != "" {
			t.Errorf("told at once: %s", w.told())
		}
		time.Sleep(10 * time.Second)
		if got := w.told(); !strings.Contains(got, "does not answer; records are kept in the spool") || strings.Contains(got, "\n") {
			t.Errorf("told: %s", got)
		}
		close(release)
		synctest.Wait()
		if got := w.Summary(); got.Spooled != 0 || w.spoolFiles(t) != 0 {
			t.Errorf("after its return: %+v, %d files in the spool", got, w.spoolFiles(t))
		}
		w.Put(entries[60:]...)
		if got := w.Close(time.Second); got != (WriterSummary{}) {
			t.Errorf("%+v", got)
		}
		equalLines(t, "database", fileLines(t, dayPath(w.store.Path())), want)
	})
}

// TestWriterOverAHangingDatabase: what hangs for ever is left to the next run.
func TestWriterOverAHangingDatabase(t *testing.T) {
	for _, ran := range []time.Duration{0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			w := newWriterTest(t)
			want := testLines("w", 0, 30)
			release := w.hang()
			w.Put(testEntries(want)...)
			w.mustFlush(t, 40*time.Millisecond)
			time.Sleep(ran)
			began := time.Now()
			got := w.Close(time.Second)
			if took, most := time.Since(began), 1100*time.Millisecond; took > most || ran > 0 && took > most/10 {
				t.Errorf("closed after %v", took)
			}
			if got.Spooled != 30 || got.Dropped != 0 {
				t.Errorf("%+v", got)
			}
			synctest.Wait()
			if told := w.told(); strings.Count(told, "does not answer") != 1 {
				t.Errorf("told: %s", told)
			}
			// Its operation may still write: no other process may merge meanwhile.
			next := testStore(t, w.store.Path(), StoreOptions{})
			mergeSpools(t, next, w.folder, 0)
			close(release)
			synctest.Wait()
			mergeSpools(t, next, w.folder, w.spoolFiles(t))
			equalLines(t, "merged", fileLines(t, dayPath(w.store.Path())), want)
		})
	}
}

func TestWriterOverARefusingDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriterTest(t)
		writeTestFile(t, w.store.Path(), "no folder")
		want := testLines("w", 0, 40)
		entries := testEntries(want)
		marked := false
		w.Put(Entry{Item: testItem, Do: func(s *Store) error {
			err := s.MarkRunning(testItem, Mark{Run: "r"})
			marked = err == nil
			return err
		}})
		w.Put(entries[:20]...)
		w.mustFlush(t, time.Millisecond)
		synctest.Wait()
		if told := w.told(); strings.Count(told, "not a directory; records are kept in the spool") != 1 {
			t.Errorf("told: %s", told)
		}
		time.Sleep(5 * time.Second)
		w.Put(entries[20:30]...)
		w.mustFlush(t, time.Millisecond)
		if got := w.Summary(); got.Spooled != 30 {
			t.Errorf("%+v", got)
		}
		if err := os.Remove(w.store.Path()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		if got := w.Summary(); got.Spooled != 0 || w.spoolFiles(t) != 0 {
			t.Errorf("after its return: %+v", got)
		}
		w.Put(entries[30:]...)
		if got := w.Close(time.Second); got != (WriterSummary{}) {
			t.Errorf("%+v", got)
		}
		equalLines(t, "database", fileLines(t, dayPath(w.store.Path())), want)
		if strings.Contains(w.told(), "\n") {
			t.Errorf("told: %s", w.told())
		}
		_ = marked // the first attempt went to a database that refused it
	})
}

func TestWriterWithoutADatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		w := NewWriter(nil, NewSpool([]string{folder}, "1"), WriterOptions{})
		w.Put(Entry{Do: func(*Store) error { t.Error("done"); return nil }})
		w.Put(testEntries(testLines("w", 0, 5))...)
		if got := w.Close(time.Second); got.Spooled != 5 || got.Dropped != 0 {
			t.Errorf("%+v", got)
		}
		store := testStore(t, t.TempDir(), StoreOptions{})
		mergeSpools(t, store, folder, 1)
		equalLines(t, "merged", storeLines(t, store), testLines("w", 0, 5))
	})
}

func TestWriterWithoutAnything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		writeTestFile(t, file, "")
		var warnings []string
		w := NewWriter(nil, NewSpool([]string{file}, "1"), WriterOptions{Warn: func(problem string) { warnings = append(warnings, problem) }})
		w.Put(testEntries(testLines("w", 0, 5))...)
		w.Flush(time.Second)
		w.Put(testEntries(testLines("w", 5, 6))...)
		if got := w.Close(time.Second); got.Spooled != 0 || got.Dropped != 6 {
			t.Errorf("%+v", got)
		}
		if len(warnings) != 1 || !strings.Contains(warnings[0], "records are lost: spool "+file) {
			t.Errorf("told: %q", warnings)
		}
	})
}

// TestWriterOverTwoHangingDisks: then records are dropped and counted, and the
// job waits once.
func TestWriterOverTwoHangingDisks(t *testing.T) {
	w := newWriterTest(t)
	release := w.hang()
	w.bypass.spool.mu.Lock() // as a write that does not return
	large := testEntries(testLines("w", 0, 1))[0]
	large.Line = large.Line[:len(large.Line)-3] + strings.Repeat("x", 100_000) + "\"}\n"
	const puts = 2000
	began := time.Now()
	for range puts {
		w.Put(large)
	}
	if took := time.Since(began); took > puts/4*maxPutWait {
		t.Errorf("the job waited for %v", took)
	}
	got := w.Close(time.Millisecond)
	if got.Dropped == 0 || got.Dropped > puts || got.Unwritten == 0 || got.Unwritten > got.Dropped {
		t.Errorf("%+v", got)
	}
	w.bypass.spool.mu.Unlock()
	close(release)
	<-w.done
	<-w.bypass.ended
	if lines := len(storeLines(t, w.store)); lines > maxQueued/100_000*2+2 {
		t.Errorf("%d lines were held in memory", lines)
	}
}

// TestWriterOverSlowDisks: what a disk takes only after Close was to be through is
// waited for, and lost only where it does not take it at all.
func TestWriterOverSlowDisks(t *testing.T) {
	for _, c := range []struct {
		slow, starved time.Duration
		lost          int64
	}{
		{slow: 2 * time.Second},
		{slow: 10 * time.Second, lost: 1},
		{slow: 10 * time.Second, starved: 9 * time.Second},
		{slow: time.Minute, starved: time.Hour, lost: 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWriterTest(t)
			began := time.Now()
			w.bypass.patience = time.Hour
			w.options.Starved = func() bool { return time.Since(began) < c.starved }
			w.Put(Entry{Item: testItem, Do: func(*Store) error { time.Sleep(c.slow); return nil }})
			w.Put(testEntries(testLines("w", 0, 1))...)
			got := w.Close(time.Second)
			if got.Unwritten != c.lost || got.Dropped != c.lost {
				t.Errorf("%+v: %+v", c, got)
			}
			if took := time.Since(began); took > 35*time.Second || c.starved == 0 && took > 4*time.Second {
				t.Errorf("%+v: closed after %v", c, took)
			}
			<-w.bypass.ended
		})
	}
}

// TestWriterDelaysTheJobForSoLong: a job that prints records faster than a slow
// disk takes them waits for that disk, but not for ever.
func TestWriterDelaysTheJobForSoLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriterTest(t)
		w.bypass.patience = time.Hour
		slow := Entry{Item: testItem, Do: func(*Store) error { time.Sleep(maxPutWait * 9 / 10); return nil }}
		large := testEntries(testLines("w", 0, 1))[0]
		large.Line = large.Line[:len(large.Line)-3] + strings.Repeat("x", maxQueued/2) + "\"}\n"
		const puts = 200
		began := time.Now()
		for range puts {
			w.Put(large, slow)
		}
		took := time.Since(began)
		if took < maxWaits || took > maxWaits+2*maxPutWait {
			t.Errorf("the job waited for %v, want %v", took, maxWaits)
		}
		got := w.Close(time.Hour)
		if lines := len(storeLines(t, w.store)); got.Dropped == 0 || lines+int(got.Dropped) != puts {
			t.Errorf("%d lines and %d dropped ones, want %d", lines, got.Dropped, puts)
		}
	})
}

// TestWriterPutsOfAWarning: who is warned may record it.
func TestWriterPutsOfAWarning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		file := filepath.Join(t.TempDir(), "file")
		writeTestFile(t, file, "")
		store := testStore(t, file, StoreOptions{})
		var w *Writer
		ready := make(chan struct{})
		w = NewWriter(store, NewSpool([]string{folder}, "1"), WriterOptions{Warn: func(string) {
			<-ready
			w.Put(testEntries(testLines("warning", 0, 1))...)
		}})
		close(ready)
		w.Put(testEntries(testLines("w", 0, 1))...)
		if got := w.Close(time.Second); got.Spooled != 2 || got.Dropped != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// TestWriterInTurmoil has many put while the database hangs and comes back.
func TestWriterInTurmoil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const writers, each = 8, 200
		w := newWriterTest(t)
		var group sync.WaitGroup
		var want []string
		for i := range writers {
			name := fmt.Sprint("w", i)
			lines := testLines(name, 0, each)
			want = append(want, lines...)
			group.Go(func() {
				for n, entry := range testEntries(lines) {
					w.Put(entry)
					if n%50 == i {
						w.Put(Entry{Item: testItem, Do: func(*Store) error { time.Sleep(time.Duration(n) * time.Millisecond); return nil }})
					}
					time.Sleep(time.Duration(n%7) * 10 * time.Millisecond)
				}
			})
		}
		group.Go(func() {
			for range 20 {
				w.Flush(time.Millisecond)
				w.Summary()
				time.Sleep(300 * time.Millisecond)
			}
		})
		group.Wait()
		if got := w.Close(time.Minute); got.Dropped != 0 {
			t.Errorf("%+v", got)
		}
		<-w.bypass.ended
		if _, err := MergeSpools(w.store, []string{w.folder}); err != nil {
			t.Error(err)
		}
		got := fileLines(t, dayPath(w.store.Path()))
		sameLines(t, "database", got, want)
		for i := range writers {
			name := fmt.Sprint("w", i)
			var mine []string
			for _, line := range got {
				if strings.Contains(line, `"`+name+" ") {
					mine = append(mine, line)
				}
			}
			equalLines(t, "order of "+name, mine, testLines(name, 0, each))
		}
	})
}
