package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// bigHistory makes 30 days of 200 items with 5 million log lines, about 1 GB, or
// takes those that are in MVRUN_BENCH_HISTORY already.
func bigHistory(b *testing.B) string {
	b.Helper()
	folder := os.Getenv("MVRUN_BENCH_HISTORY")
	if folder == "" {
		folder = filepath.Join(b.TempDir(), "db")
	}
	if _, err := os.Stat(folder); err == nil {
		return folder
	}
	history := buildTool(b, "history")
	if output, err := exec.Command(history, folder, time.Now().Format("20060102"), "200", "30", "5000000").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, output)
	}
	return folder
}

// timedCommand gives the time that a command takes.
func timedCommand(b *testing.B, name string, args ...string) func() time.Duration {
	return func() time.Duration {
		command := exec.Command(name, args...)
		command.Env = quietEnvironment(b.TempDir())
		start := time.Now()
		err := command.Run()
		took := time.Since(start)
		if err != nil {
			b.Fatalf("%v: %v", command.Args, err)
		}
		return took
	}
}

// BenchmarkKeyword searches all of a history for texts that are rare, beside grep
// and rg with as many threads where they are installed.
func BenchmarkKeyword(b *testing.B) {
	db := bigHistory(b)
	for _, keyword := range []string{"lmgrd: license denied", "node0042: job 77", "no such text"} {
		b.Run(keyword, func(b *testing.B) {
			words := []string{"view", "log", "--db", db, "--begin", "60d", "--keyword", keyword, "--format", "json"}
			view := timedCommand(b, binary, words...)
			for b.Loop() {
				view() // warms the cache
				for _, args := range [][]string{
					{"-c", `grep -rF "$0" "$1" >/dev/null; true`, keyword, db},
					{"-c", `rg -F -j "$2" "$0" "$1" >/dev/null; true`, keyword, db, strconv.Itoa(runtime.NumCPU())},
				} {
					tool, _, _ := strings.Cut(args[1], " ")
					if _, err := exec.LookPath(tool); err == nil {
						report(b, pairs(9, view, timedCommand(b, "sh", args...)), "x-"+tool)
					}
				}
				report(b, peakOf(b, words...), "MiB")
			}
		})
	}
}

// BenchmarkNewest gives the milliseconds and the MiB that the newest records of
// all items take.
func BenchmarkNewest(b *testing.B) {
	db := bigHistory(b)
	for _, limit := range []string{"50", "10000", "100000"} {
		b.Run(limit, func(b *testing.B) {
			words := []string{"view", "log", "--db", db, "--begin", "60d", "--limit", limit}
			view := timedCommand(b, binary, words...)
			for b.Loop() {
				view()
				report(b, medianOf(9, view), "ms")
				report(b, peakOf(b, words...), "MiB")
			}
		})
	}
}

// medianOf gives the median of times in milliseconds.
func medianOf(count int, measured func() time.Duration) float64 {
	return pairs(count, measured, func() time.Duration { return time.Millisecond })
}

// BenchmarkOverview counts 30 days for totals and charts: with nothing kept, and
// with closed days kept, in milliseconds.
func BenchmarkOverview(b *testing.B) {
	db := bigHistory(b)
	summarize := func() time.Duration {
		store, err := record.OpenStore(db, record.StoreOptions{Host: "bench"})
		if err != nil {
			b.Fatal(err)
		}
		defer store.Close()
		start := time.Now()
		if _, _, err := store.Summarize(record.SummaryQuery{First: record.Day(start.AddDate(0, 0, -30)), Last: record.Day(start)}); err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	for b.Loop() {
		report(b, medianOf(3, func() time.Duration {
			if err := os.RemoveAll(filepath.Join(db, record.MetaFolder, "rollup")); err != nil {
				b.Fatal(err)
			}
			return summarize()
		}), "ms-cold")
		report(b, medianOf(9, summarize), "ms-kept")
	}
}

// BenchmarkOverviewPage gives the milliseconds until the overview of `mvrun serve` is
// there, first and then.
func BenchmarkOverviewPage(b *testing.B) {
	s := newSite(b)
	server := s.command(binary, "serve", "--listen", "127.0.0.1:0", "--db", bigHistory(b))
	d := startServer(b, server)
	paint := func() time.Duration {
		start := time.Now()
		if status, body := d.get(b, "/", ""); status != 200 {
			b.Fatalf("status %d: %.300s", status, body)
		}
		return time.Since(start)
	}
	for b.Loop() {
		report(b, float64(paint())/float64(time.Millisecond), "ms-first")
		report(b, medianOf(9, paint), "ms")
	}
}
