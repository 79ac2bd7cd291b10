package tests

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The benchmarks print ratios to a baseline that is measured in turn with mvrun,
// and sizes; see README, "Numbers". Each needs one iteration: -benchtime 1x.

// buildTool builds a program of testdata as mvrun is built.
func buildTool(b *testing.B, name string) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), name)
	build := exec.Command("go", "build", "-buildvcs=false", "-o", path, "./testdata/"+name)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build %s: %v\n%s", name, err, output)
	}
	return path
}

// quietEnvironment is one in which no config is found.
func quietEnvironment(home string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_STATE_HOME=" + home, "LANG=C.UTF-8"}
}

// pairs runs two things in turn and gives the median of the ratios of their
// times.
func pairs(count int, measured, baseline func() time.Duration) float64 {
	var ratios []float64
	for range count {
		ratios = append(ratios, measured().Seconds()/baseline().Seconds())
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

// installed is a copy of a program.
func installed(b *testing.B, program string) string {
	b.Helper()
	data, err := os.ReadFile(program)
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), filepath.Base(program))
	if err := os.WriteFile(path, data, 0o755); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkStart compares the time of a whole run of /bin/true with that of a
// wrapper which does nothing but start it.
func BenchmarkStart(b *testing.B) {
	home := b.TempDir()
	// As installed: a file that a linker has just written starts slower than its copy.
	minimal, mvrun := installed(b, buildTool(b, "minimal")), installed(b, binary)
	timed := func(name string, args ...string) func() time.Duration {
		return func() time.Duration {
			// Twenty runs at once are one measurement: single ones scatter more
			// than they last.
			start := time.Now()
			for range 20 {
				command := exec.Command(name, args...)
				command.Env = quietEnvironment(home)
				if err := command.Run(); err != nil {
					b.Fatal(err)
				}
			}
			return time.Since(start)
		}
	}
	wrapped := timed(mvrun, "--db", filepath.Join(home, "db"), "--", "/bin/true")
	for b.Loop() {
		report(b, pairs(25, wrapped, timed(minimal, "/bin/true")), "x-minimal-wrapper")
	}
}

// BenchmarkStdout passes 2 GB of 60-byte lines, one in a thousand a record,
// through mvrun into a pipe, beside the same with one more cat in the pipe.
func BenchmarkStdout(b *testing.B) {
	load, home := buildTool(b, "load"), b.TempDir()
	const amount = "2000000000"
	pipeline := func(script string) func() time.Duration {
		return func() time.Duration {
			command := exec.Command("sh", "-c", script)
			command.Env = append(quietEnvironment(home), "LOAD="+load, "MVRUN="+binary, "AMOUNT="+amount, "MVRUN_DB="+filepath.Join(home, "db"))
			start := time.Now()
			if err := command.Run(); err != nil {
				b.Fatal(err)
			}
			return time.Since(start)
		}
	}
	wrapped := pipeline(`"$MVRUN" -- "$LOAD" lines $AMOUNT | "$LOAD" sink`)
	cat := pipeline(`"$LOAD" lines $AMOUNT | cat | "$LOAD" sink`)
	for b.Loop() {
		report(b, pairs(5, wrapped, cat), "x-cat")
	}
}

// BenchmarkMemory gives the peak RSS of mvrun in MiB.
func BenchmarkMemory(b *testing.B) {
	load := buildTool(b, "load")
	for _, job := range [][]string{{"lines", "2000000000"}, {"endless", "1073741824"}, {"records", "100000"}} {
		b.Run(strings.Join(job, "-"), func(b *testing.B) {
			home := b.TempDir()
			for b.Loop() {
				report(b, peakOf(b, append([]string{"--db", filepath.Join(home, "db"), "--", load}, job...)...), "MiB")
			}
		})
	}
}

// peakOf gives the most memory that mvrun takes, in MiB. It is started by a small
// program: getrusage(2) counts what the process had that forked it as well.
func peakOf(b *testing.B, args ...string) float64 {
	b.Helper()
	path := filepath.Join(b.TempDir(), "peak")
	command := exec.Command(probe(b), append([]string{"peak", path, binary}, args...)...)
	command.Env = quietEnvironment(b.TempDir())
	// A pipe of our own: os/exec would copy through this process.
	read, write, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	defer read.Close()
	command.Stdout = write
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	write.Close()
	_, _ = io.Copy(io.Discard, read)
	if err := command.Wait(); err != nil {
		b.Fatal(err)
	}
	kib, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	size, err := strconv.Atoi(string(kib))
	if err != nil {
		b.Fatal(err)
	}
	return float64(size) / 1024
}

// BenchmarkAlarm gives the time from an ALARM line to the start of the alarm
// command, as the median in milliseconds.
func BenchmarkAlarm(b *testing.B) {
	load, home := buildTool(b, "load"), b.TempDir()
	config, sent := filepath.Join(home, "mvrun.yaml"), filepath.Join(home, "sent")
	text := fmt.Sprintf("db_path: %s\nalarm_burst: 0\nsend_alarm_command: 'echo \"<MESSAGE>\" $(%s now) >> %s'\n", filepath.Join(home, "db"), load, sent)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		os.Remove(sent)
		for range 40 {
			command := exec.Command(binary, "--config", config, "--", load, "alarm")
			command.Env = quietEnvironment(home)
			if err := command.Run(); err != nil {
				b.Fatal(err)
			}
		}
		data, err := os.ReadFile(sent)
		if err != nil {
			b.Fatal(err)
		}
		report(b, medianDelay(b, string(data)), "ms-to-command")
	}
}

// BenchmarkAlarmRequest gives the time from an ALARM line to the request at a web
// server, as the median in milliseconds.
func BenchmarkAlarmRequest(b *testing.B) {
	load, home := buildTool(b, "load"), b.TempDir()
	arrived := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		now := time.Now().UnixNano()
		body, _ := io.ReadAll(r.Body)
		arrived <- fmt.Sprintf("%s %d\n", body, now)
	}))
	defer server.Close()
	config := filepath.Join(home, "mvrun.yaml")
	text := fmt.Sprintf("db_path: %s\nalarm_burst: 0\nchannels:\n  hook: {type: http, url: '%s', body: '<MESSAGE>', proxy: none}\n", filepath.Join(home, "db"), server.URL)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		var lines strings.Builder
		for range 40 {
			command := exec.Command(binary, "--config", config, "--", load, "alarm")
			command.Env = quietEnvironment(home)
			if err := command.Run(); err != nil {
				b.Fatal(err)
			}
			lines.WriteString(<-arrived)
		}
		report(b, medianDelay(b, lines.String()), "ms-to-request")
	}
}

func medianDelay(b *testing.B, text string) float64 {
	b.Helper()
	var delays []float64
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 2 {
			b.Fatalf("sent %q", line)
		}
		printed, err1 := strconv.ParseInt(fields[0], 10, 64)
		begun, err2 := strconv.ParseInt(fields[1], 10, 64)
		if err1 != nil || err2 != nil {
			b.Fatalf("sent %q", line)
		}
		delays = append(delays, float64(begun-printed)/1e6)
	}
	slices.Sort(delays)
	return delays[len(delays)/2]
}

// checkedItems is how many items BenchmarkCheck generates.
const checkedItems = 100_000

// BenchmarkCheck judges 100,000 items, beside finding and reading the day's
// heartbeats of all by find and cat.
func BenchmarkCheck(b *testing.B) {
	home := b.TempDir()
	db := filepath.Join(home, "db")
	now := time.Now()
	generateItems(b, db, checkedItems, now)
	var peak int64
	check := func() time.Duration {
		command := exec.Command(binary, "check", "--dry-run", "--db", db)
		command.Env = quietEnvironment(home)
		start := time.Now()
		output, err := command.CombinedOutput()
		if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 || !strings.Contains(string(output), fmt.Sprintf("%d items, %d stopped", checkedItems, checkedItems/1000)) {
			b.Fatalf("%v: %.300s", err, output)
		}
		peak = max(peak, command.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
		return time.Since(start)
	}
	read := func() time.Duration {
		start := time.Now()
		command := exec.Command("sh", "-c", `find "$0" -name `+now.Format("20060102")+` -path '*/heartbeat/*' -exec cat {} + | wc -l`, db)
		if output, err := command.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, output)
		}
		return time.Since(start)
	}
	for b.Loop() {
		check() // the first one reads the folders from the disk
		report(b, pairs(3, check, read), "x-find-and-cat")
		report(b, float64(peak)/1024, "peak-MiB")
	}
}

// generateItems makes items that run every ten minutes, with their last heartbeats
// of today; of a thousand, one has stopped two hours ago.
func generateItems(b *testing.B, db string, count int, now time.Time) {
	b.Helper()
	for i := range count {
		direction, item := fmt.Sprintf("direction%02d", i%20), fmt.Sprintf("item%06d", i)
		folder := filepath.Join(db, direction, item)
		if err := os.MkdirAll(filepath.Join(folder, "heartbeat"), 0o755); err != nil {
			b.Fatal(err)
		}
		settings := fmt.Sprintf("alarm_frequency: max 1 times\nalarm_receivers: alice bob\ndirection: %s\ndirection_admin: alice bob\nmonitor_item: %s\n"+
			"script_auther: root\nscript_execute_frequency: %s\nscript_path: /ic/%s.sh\nscript_startup_host: 10.1.2.3\nscript_startup_method: crontab\n",
			direction, item, [...]string{"every 10 minutes", "''"}[i%2], item)
		writeFile(b, filepath.Join(folder, "monitor_item.yaml"), settings, 0o644)
		silent := time.Duration(i%500) * time.Second
		if i%1000 == 7 {
			silent += 2 * time.Hour
		}
		days := map[string]string{}
		for back := 11; back >= 0; back-- {
			at := now.Add(-silent - time.Duration(back)*10*time.Minute)
			days[at.Format("20060102")] += fmt.Sprintf(`{"time": "%s", "user": "root", "host": "10.1.2.3", "script": "/ic/%s.sh"}`+"\n", at.Format("2006-01-02 15:04:05"), item)
		}
		for day, text := range days {
			writeFile(b, filepath.Join(folder, "heartbeat", day), text, 0o644)
		}
	}
}
