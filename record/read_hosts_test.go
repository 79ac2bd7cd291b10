package record_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

func TestHostsAreReadBehindTheirOffset(t *testing.T) {
	one, two, three := logLine("08:00:01", "one"), logLine("08:00:02", "two"), logLine("08:00:03", "three")
	host := ".mvrun/hosts/h1/d/i/log/20241025"
	merged := ".mvrun/hosts/h1/.merged/d/i"
	all := []string{"one", "two", "three"}
	tests := []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"nothing merged yet", map[string]string{host: one + two + three}, all},
		{"appended, offset not moved", map[string]string{host: one + two + three, "d/i/log/20241025": one + two}, all},
		{"offset moved", map[string]string{
			host: one + two + three, "d/i/log/20241025": one + two, merged: fmt.Sprintf("run/20241025 7\nlog/20241025 %d\n", len(one+two)),
		}, all},
		{"offset behind the file", map[string]string{host: one + two + three, merged: "log/20241025 100000\n"}, all},
		{"offset that is none", map[string]string{host: one + two + three, merged: "log/20241025 -5\nrubbish\n"}, all},
		{"a line that is being written", map[string]string{host: one + two + three[:20], "d/i/log/20241025": three}, all},
		{"a whole line without its end", map[string]string{host: one + two + three[:len(three)-1]}, all[:2]},
		{"equal lines of monitorViewer stay", map[string]string{host: two, "d/i/log/20241025": one + one}, []string{"one", "one", "two"}},
		{"two hosts", map[string]string{host: two, ".mvrun/hosts/h2.uid7/d/i/log/20241025": one + three}, all},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := database(t, test.files)
			for _, q := range []record.Query{{}, {Items: []string{"i"}, Directions: []string{"d"}}, {Begin: day("2024-10-25"), End: day("2024-10-26")}} {
				q.Kind = record.Log
				if got, _ := selected(t, store, q); !slices.Equal(got, test.want) {
					t.Errorf("%+v: got %q, want %q", q, got, test.want)
				}
			}
		})
	}
}

// Readers are right at every moment while hosts append and a merger carries
// over: what was appended before a listing began is in it, and nothing is twice.
func TestSelectIsExactWhileHostsWriteAndMerge(t *testing.T) {
	const hosts, each = 3, 60
	root := t.TempDir()
	item := record.Item{Direction: "d", Name: "i"}
	hostStore := func(name string) *record.Store {
		store, err := record.OpenStore(root, record.StoreOptions{Layout: record.LayoutPerHost, Host: name})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(store.Close)
		return store
	}
	var written [hosts]atomic.Int64
	var writers, merger sync.WaitGroup
	for h := range hosts {
		store := hostStore(fmt.Sprintf("h%d", h))
		writers.Go(func() {
			for i := range each {
				line := fmt.Sprintf(`{"ts": "2024-10-25T08:00:00.%09dZ", "host": "%d", "message": "%d"}`+"\n", i*hosts+h, h, i)
				if err := store.Append(item, record.Log, "20241025", []byte(line)); err != nil {
					t.Error(err)
					return
				}
				written[h].Add(1)
			}
		})
	}
	ctx, stop := context.WithCancel(t.Context())
	mergerStore := hostStore("merger")
	merger.Go(func() {
		for ctx.Err() == nil {
			if stats, err := mergerStore.Merge(ctx); err != nil && ctx.Err() == nil || len(stats.Refused) > 0 {
				t.Error(err, stats.Refused)
				return
			}
		}
	})
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	reader := openStore(t, root)
	for finished := false; !finished && !t.Failed(); {
		select {
		case <-done:
			finished = true
		default:
		}
		var before [hosts]int64
		for h := range before {
			before[h] = written[h].Load()
		}
		checkEachOnce(t, reader, before[:])
	}
	stop()
	merger.Wait()
}

func checkEachOnce(t *testing.T, reader *record.Store, atLeast []int64) {
	t.Helper()
	seen := map[string]int{}
	rows := reader.Select(record.Query{Kind: record.Log, Begin: day("2024-10-25"), End: day("2024-10-26"), Location: time.UTC})
	for row := range rows.All() {
		seen[row.Get("host")+"/"+row.Get("message")]++
	}
	for key, count := range seen {
		if count != 1 {
			t.Errorf("%s was given %d times", key, count)
		}
	}
	for h, count := range atLeast {
		for i := range count {
			if key := fmt.Sprintf("%d/%d", h, i); seen[key] == 0 {
				t.Errorf("%s is missing of %d", key, count)
				return
			}
		}
	}
}
