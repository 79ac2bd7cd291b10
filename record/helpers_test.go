package record

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// childEnv names the part of a test that this process plays.
const childEnv = "MVRUN_TEST_CHILD"

// children are what the test binary does when a test starts it anew; some are
// Linux's alone.
var children = map[string]func(args []string) error{
	"append": childAppend,
	"hold":   childHold,
	"merge":  childMerge,
	"spools": childSpools,
	"exit":   func([]string) error { return nil },
}

func TestMain(m *testing.M) {
	part, isChild := children[os.Getenv(childEnv)]
	if !isChild {
		os.Exit(m.Run())
	}
	if err := part(os.Args[1:]); err != nil {
		fmt.Println("child:", err)
		os.Exit(1)
	}
}

// child prepares a process that plays a part of a test.
func child(t *testing.T, part string, args ...string) *exec.Cmd {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), executable, args...)
	// Under the race detector, each would wait for a second at its end.
	cmd.Env = append(os.Environ(), childEnv+"="+part, "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	return cmd
}

// runChild runs a part to its end.
func runChild(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// unavailable skips a test of which this machine refuses a part, or fails it
// where nothing may be skipped.
func unavailable(t *testing.T, what string, err error) {
	t.Helper()
	if os.Getenv("MVRUN_TEST_STRICT") == "1" {
		t.Fatalf("%s: %v", what, err)
	}
	t.Skipf("not tested, since this machine refuses %s: %v", what, err)
}

var (
	testItem = Item{Direction: "LSF", Name: "check_节点"}
	testDay  = "20241101"
)

func testStore(t *testing.T, path string, o StoreOptions) *Store {
	t.Helper()
	if o.Layout == "" {
		o.Layout = LayoutDirect
	}
	if o.Host == "" {
		o.Host = "n1"
	}
	store, err := OpenStore(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store
}

// testLine is a record that no other is equal to.
func testLine(writer string, i int) string {
	var e Encoder
	e.String("time", "2024-11-01 00:00:00").String("message_level", "Info").
		String("message", fmt.Sprintf("%s %d %s", writer, i, strings.Repeat("é", i%50)))
	return string(e.Line())
}

func testLines(writer string, from, to int) []string {
	var lines []string
	for i := from; i < to; i++ {
		lines = append(lines, testLine(writer, i))
	}
	return lines
}

func testEntries(lines []string) []Entry {
	var entries []Entry
	for _, line := range lines {
		entries = append(entries, Entry{Item: testItem, Kind: Log, Day: testDay, Line: line})
	}
	return entries
}

// dayPath is the file of testItem's logs, below a prefix.
func dayPath(db string, prefix ...string) string {
	elem := append([]string{db}, prefix...)
	return filepath.Join(append(elem, testItem.Direction, testItem.Name, string(Log), testDay)...)
}

func hostPath(db, host string) string { return dayPath(db, metaFolder, hostsFolder, host) }

// fileLines gives the lines of a file, with their ends; all must be whole.
func fileLines(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		t.Fatalf("%s ends within a line: …%q", path, data[max(0, len(data)-80):])
	}
	return slices.Collect(strings.Lines(string(data)))
}

func writeTestFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func appendLine(t *testing.T, store *Store, line string) {
	t.Helper()
	if err := store.Append(testItem, Log, testDay, []byte(line)); err != nil {
		t.Fatal(err)
	}
}

func equalLines(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %d lines, want %d\ngot  %.600q\nwant %.600q", what, len(got), len(want), got, want)
	}
}

// sameLines compares without the order: each line is there once.
func sameLines(t *testing.T, what string, got, want []string) {
	t.Helper()
	equalLines(t, what, slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want)))
}

// storeLines are the lines that the whole database has, each once.
func storeLines(t *testing.T, store *Store) []string {
	t.Helper()
	var lines []string
	err := store.eachLine(dayFile{testItem, Log, testDay}, func(line []byte) { lines = append(lines, string(line)+"\n") })
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// tornFiles gives the contents of what was set aside.
func tornFiles(t *testing.T, db string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(db, metaFolder, tornFolder, testItem.Direction, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var contents []string
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		contents = append(contents, string(data))
	}
	return contents
}

// testClock is long ago.
func testClock() time.Time { return time.Date(2024, 11, 1, 0, 0, 0, 0, time.UTC) }

func setTime(t *testing.T, path string, at time.Time) {
	t.Helper()
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func mustContain(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte(text)) {
		t.Errorf("error is %v, want one with %q", err, text)
	}
}
