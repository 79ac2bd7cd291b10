package record

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func init() { children["prune"] = childPrune }

// childPrune archives until it is killed.
func childPrune(args []string) error {
	store, err := OpenStore(args[0], StoreOptions{Layout: Layout(args[1]), Host: "pruner"})
	for err == nil {
		var report PruneReport
		report, err = store.Prune(context.Background(), terms(0, MinTerm))
		if err == nil && report.Failures > 0 {
			err = report.Problems[0]
		}
		fmt.Println("pruned", report.Archived.Files)
	}
	return err
}

// killPruners starts pruners and kills each at some moment, until stop is closed.
// It gives how many days they have archived.
func killPruners(t *testing.T, db string, layout Layout, stop <-chan struct{}) (kills, archived int) {
	for {
		cmd := child(t, "prune", db, string(layout))
		stdout, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Error(err)
			return
		}
		rounds := bufio.NewReader(stdout)
		for range 1 + rand.IntN(6) {
			line, _ := rounds.ReadString('\n')
			n := 0
			if _, err := fmt.Sscanf(line, "pruned %d", &n); err != nil && line != "" {
				t.Error(line)
			}
			archived += n
		}
		<-time.After(rand.N(3 * time.Millisecond)) // to some moment of the next round
		_ = cmd.Process.Kill()
		_, _ = io.Copy(io.Discard, rounds)
		_ = cmd.Wait()
		kills++
		select {
		case <-stop:
			return
		default:
		}
	}
}

// TestPruneBesideWriters has lines come late for an old day while pruners
// archive it and are killed; a reader has, at every moment, each line once.
func TestPruneBesideWriters(t *testing.T) {
	for _, layout := range []Layout{LayoutDirect, LayoutPerHost} {
		t.Run(string(layout), func(t *testing.T) { pruneBesideWriters(t, layout) })
	}
}

func pruneBesideWriters(t *testing.T, layout Layout) {
	const hosts, each = 3, 250
	db := t.TempDir()
	stop := make(chan struct{})
	var pruners, writers, readers sync.WaitGroup
	var kills, archived atomic.Int64
	for range 2 {
		pruners.Go(func() {
			k, n := killPruners(t, db, layout, stop)
			kills.Add(int64(k))
			archived.Add(int64(n))
		})
	}
	var want []string
	var written [hosts]atomic.Int64
	for h := range hosts {
		host := fmt.Sprintf("n%d", h)
		want = append(want, testLines(host, 0, each)...)
		store := testStore(t, db, StoreOptions{Layout: layout, Host: host})
		writers.Go(func() {
			for i := range each {
				for store.Append(testItem, Log, testDay, []byte(testLine(host, i))) != nil {
					// A crowd at the lock; a spool would try again, too.
				}
				written[h].Store(int64(i + 1))
				<-time.After(rand.N(4 * time.Millisecond))
			}
		})
	}
	done := make(chan struct{})
	readers.Go(func() {
		store := testStore(t, db, StoreOptions{Layout: layout, Host: "reader"})
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			default:
			}
			var least [hosts]int
			for h := range hosts {
				least[h] = int(written[h].Load())
			}
			lines := storeLines(t, store)
			if n%2 == 0 {
				lines, _ = selectedBeside(t, store)
			}
			found := map[string]int{}
			for _, line := range lines {
				if found[line]++; found[line] > 1 {
					t.Errorf("twice: %s", line)
				}
			}
			for h := range hosts {
				for i := range least[h] {
					if found[testLine(fmt.Sprintf("n%d", h), i)] == 0 {
						t.Errorf("reading %d: line %d of n%d of %d is missing", n, i, h, least[h])
						return
					}
				}
			}
		}
	})
	writers.Wait()
	close(stop)
	pruners.Wait()
	close(done)
	readers.Wait()
	store := testStore(t, db, StoreOptions{Layout: layout, Host: "last"})
	sameLines(t, "in the end", selected(t, store), want)
	mustPrune(t, store, terms(0, MinTerm))
	sameLines(t, "archived", selected(t, store), want)
	if exists(dayPath(db)) {
		t.Error("the day file is still there")
	}
	t.Logf("%d pruners were killed, days were archived %d times", kills.Load(), archived.Load())
}
