package record

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// childMerge merges until it is killed.
func childMerge(args []string) error {
	store, err := OpenStore(args[0], StoreOptions{Layout: LayoutPerHost, Host: "merger"})
	for err == nil {
		_, err = store.Merge(context.Background())
		fmt.Println("merged")
	}
	return err
}

// killMergers starts mergers and kills each at some moment, until stop is closed.
func killMergers(t *testing.T, db string, stop <-chan struct{}) {
	for {
		cmd := child(t, "merge", db)
		stdout, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Error(err)
			return
		}
		rounds := bufio.NewReader(stdout)
		for range 1 + rand.IntN(3) {
			_, _ = rounds.ReadString('\n')
		}
		for range rand.IntN(200000) { // to some moment of the next round
			_ = stop
		}
		_ = cmd.Process.Kill()
		_, _ = io.Copy(io.Discard, rounds)
		_ = cmd.Wait()
		select {
		case <-stop:
			return
		default:
		}
	}
}

// TestMergeBesideWriters has hosts write side by side while mergers are killed;
// a reader sees, at every moment, each line that was written once.
func TestMergeBesideWriters(t *testing.T) {
	const hosts, processes, each = 5, 3, 150
	db := t.TempDir()
	reader := testStore(t, db, StoreOptions{Layout: LayoutPerHost, Host: "reader"})
	stop := make(chan struct{})
	var mergers, writers, readers sync.WaitGroup
	for range 2 {
		mergers.Go(func() { killMergers(t, db, stop) })
	}
	var want []string
	for h := range hosts {
		host := fmt.Sprintf("n%d", h)
		for p := range processes {
			name := fmt.Sprintf("%s-%d", host, p)
			want = append(want, testLines(name, 0, each)...)
			cmd := child(t, "append", db, string(LayoutPerHost), host, name, strconv.Itoa(each))
			writers.Go(func() {
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
	own := testStore(t, db, StoreOptions{Layout: LayoutPerHost, Host: "own"})
	var written atomic.Int64
	writers.Go(func() {
		for i := range each {
			if err := own.Append(testItem, Log, testDay, []byte(testLine("own", i))); err != nil {
				t.Error(err)
			}
			written.Store(int64(i + 1))
		}
	})
	want = append(want, testLines("own", 0, each)...)
	readers.Go(func() {
		for {
			sureOf := int(written.Load())
			exactlyOnce(t, readAsDocumented(t, reader), sureOf)
			exactlyOnce(t, storeLines(t, reader), sureOf)
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	writers.Wait()
	close(stop)
	readers.Wait()
	mergers.Wait()
	merge(t, reader)
	sameLines(t, "main file", fileLines(t, dayPath(db)), want)
	exactlyOnce(t, readAsDocumented(t, reader), each)
}

// readAsDocumented reads in the order that Merge's comment gives: the offset,
// the host's lines behind it, the main file, and drops what it has seen.
func readAsDocumented(t *testing.T, s *Store) []string {
	prefixes, err := s.hostPrefixes()
	if err != nil {
		t.Error(err)
	}
	var lines []string
	seen := lineSet{}
	add := func(line []byte) {
		if len(line) > 0 && !seen.has(line) {
			seen.add(line)
			lines = append(lines, string(line)+"\n")
		}
	}
	file := dayFile{testItem, Log, testDay}
	for _, prefix := range prefixes {
		offsets, err := s.readOffsets(prefix, testItem)
		if err != nil {
			t.Error(err)
		}
		source, err := os.Open(s.tree.Path(file.elem(prefix)...))
		if err != nil {
			continue // made, and empty so far
		}
		behind := newLineReader(io.NewSectionReader(source, offsets["log/"+testDay], 1<<62))
		for line, err := behind.next(); err == nil; line, err = behind.next() {
			add(line)
		}
		_ = source.Close()
	}
	if err := s.eachLineOf(file.elem(nil), add); err != nil {
		t.Error(err)
	}
	return lines
}

// exactlyOnce looks for the first lines of the writer "own", and for doubles.
func exactlyOnce(t *testing.T, lines []string, sureOf int) {
	times := map[string]int{}
	for _, line := range lines {
		if line == "\n" {
			continue // see appendOwn
		}
		if times[line]++; times[line] > 1 {
			t.Errorf("twice: %s", line)
		}
	}
	for _, line := range testLines("own", 0, sureOf) {
		if times[line] != 1 {
			t.Errorf("of %d that were written, missing: %s", sureOf, line)
			return
		}
	}
}
