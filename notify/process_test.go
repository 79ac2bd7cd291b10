package notify

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// TestMain lets the test binary be one of many processes that share a database.
func TestMain(m *testing.M) {
	if db := os.Getenv("MVRUN_TEST_DB"); db != "" {
		asProcess(db, os.Getenv("MVRUN_TEST_LAYOUT"), os.Getenv("MVRUN_TEST_HOST"), os.Getenv("MVRUN_TEST_STOP"))
		return
	}
	m.Run()
}

// asProcess raises one alarm of "max 3 times" and drains. Where it is told to
// stop, it says so on stdout while it sends, and waits there for its end.
func asProcess(db, layout, host, stop string) {
	store, err := record.OpenStore(db, record.StoreOptions{Layout: record.Layout(layout), Host: host})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	d := New(Options{
		Store: store, Recorder: storeRecorder{store},
		Sender: sender(func(context.Context, *Alarm) error {
			if stop != "" {
				fmt.Println("stopped")
				_, _ = os.Stdin.Read(make([]byte, 1)) // until the parent ends it
			}
			return touch(filepath.Join(db, "..", "sent"))
		}),
	})
	a := alarm("the same")
	a.Frequency = "max 3 times"
	d.Raise(a)
	report := d.Drain(time.Minute)
	if report.Own.Left > 0 || report.Own.Lost > 0 {
		fmt.Fprintf(os.Stderr, "%+v\n", report)
	}
}

// touch makes a new file in a folder, whose number is that of the sends.
func touch(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, "sent")
	if err != nil {
		return err
	}
	return file.Close()
}

type storeRecorder struct{ store *record.Store }

func (r storeRecorder) Record(item record.Item, kind record.Kind, t time.Time, line []byte) {
	_ = r.store.Append(item, kind, record.Day(t), line)
}

func process(db, layout, host, stop string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"), // else each waits for a second at its end
		"MVRUN_TEST_DB="+db, "MVRUN_TEST_LAYOUT="+layout, "MVRUN_TEST_HOST="+host, "MVRUN_TEST_STOP="+stop)
	return cmd
}

func TestALimitIsExactOverProcesses(t *testing.T) {
	for _, layout := range []string{"direct", "per-host"} {
		t.Run(layout, func(t *testing.T) {
			db := filepath.Join(t.TempDir(), "db")
			var wait sync.WaitGroup
			for i := range 40 {
				wait.Go(func() {
					if said, err := process(db, layout, fmt.Sprintf("h%d", i%7), "").CombinedOutput(); err != nil || len(said) > 0 {
						t.Errorf("%v: %s", err, said)
					}
				})
			}
			wait.Wait()
			sent, err := os.ReadDir(filepath.Join(db, "..", "sent"))
			if err != nil || len(sent) != 3 {
				t.Errorf("%d alarms were sent, want 3: %v", len(sent), err)
			}
			if results := resultsOf(t, db); results["PASSED"] != 3 || results["SUPPRESSED"] != 37 {
				t.Errorf("recorded %v", results)
			}
			if left, _ := os.ReadDir(filepath.Join(db, ".mvrun", "outbox")); len(left) != 0 {
				t.Errorf("left in the outbox: %v", left)
			}
		})
	}
}

func resultsOf(t *testing.T, db string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	paths, _ := filepath.Glob(filepath.Join(db, "LSF", "nodes", "alarm", "*"))
	hosts, _ := filepath.Glob(filepath.Join(db, ".mvrun", "hosts", "*", "LSF", "nodes", "alarm", "*"))
	for _, path := range append(paths, hosts...) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, result := range []string{"PASSED", "FAILED", "SUPPRESSED"} {
			counts[result] += bytes.Count(data, []byte(`"send_alarm_result": "`+result+`"`))
		}
	}
	return counts
}

// A process is killed while it sends. The next one sends what it left, and only
// that, although the limit has room for both.
func TestAKilledProcessLosesNoAlarm(t *testing.T) {
	db := filepath.Join(t.TempDir(), "db")
	cmd := process(db, "direct", "h1", "send")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.HasPrefix(line, "stopped") {
		t.Fatalf("%q, %v", line, err)
	}
	flush := func() Counts {
		store, err := record.OpenStore(db, record.StoreOptions{Layout: record.LayoutDirect, Host: "h1"})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		d := New(Options{Store: store, Recorder: storeRecorder{store}, Sender: sender(accept)})
		if _, err := d.FlushPending(true); err != nil {
			t.Fatal(err)
		}
		return d.Drain(time.Minute).Pending
	}
	wantCounts(t, flush(), Counts{}) // it lives, and is sending
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	wantCounts(t, flush(), Counts{Sent: 1})
	wantCounts(t, flush(), Counts{})
	if results := resultsOf(t, db); results["PASSED"] != 1 || results["FAILED"]+results["SUPPRESSED"] != 0 {
		t.Errorf("recorded %v", results)
	}
}
