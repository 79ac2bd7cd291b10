package tests

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// talker is a monitored job that records a line whenever it is told to.
type talker struct {
	command *exec.Cmd
	stdin   io.WriteCloser
	stdout  *bufio.Reader
	stderr  bytes.Buffer
	said    int
}

func (a *arena) newTalker(t *testing.T) *talker {
	t.Helper()
	k := &talker{command: a.command(binary, "-d", "d", "-i", "item", "--", "/bin/sh", "-c", `while read -r n; do echo "INFO: line $n"; done`)}
	k.command.Stderr = &k.stderr
	var err error
	if k.stdin, err = k.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := k.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	k.stdout = bufio.NewReader(stdout)
	if err := k.command.Start(); err != nil {
		t.Fatal(err)
	}
	return k
}

// say lets the job write so many lines, one every 50 ms, and sees each of them
// come out before it goes on.
func (k *talker) say(t *testing.T, lines int) {
	t.Helper()
	ticks := time.NewTicker(50 * time.Millisecond)
	defer ticks.Stop()
	for range lines {
		<-ticks.C
		k.said++
		fmt.Fprintln(k.stdin, k.said)
		if got, err := k.stdout.ReadString('\n'); got != fmt.Sprintf("INFO: line %d\n", k.said) {
			t.Fatalf("line %d came out as %q, %v", k.said, got, err)
		}
	}
}

// end ends the job, and returns mvrun's warnings.
func (k *talker) end(t *testing.T) []string {
	t.Helper()
	k.stdin.Close()
	begun := time.Now()
	if err := k.command.Wait(); err != nil {
		t.Errorf("the job ended with %v: %s", err, k.stderr.String())
	}
	if took := time.Since(begun); took > maxStay {
		t.Errorf("mvrun left after %v", took)
	}
	said, rest := wrapperWarnings(k.stderr.String())
	if rest != "" {
		t.Errorf("stderr: %q", rest)
	}
	return said
}

// lineNumbers gives the numbers of the job's lines that a database holds, in its
// order.
func (a *arena) lineNumbers(t *testing.T) []int {
	t.Helper()
	var numbers []int
	for _, message := range textsWith(a.records(t, "d", "item", "log"), "message", "line ") {
		var n int
		if _, err := fmt.Sscanf(message, "line %d", &n); err != nil {
			t.Fatalf("recorded %q", message)
		}
		numbers = append(numbers, n)
	}
	return numbers
}

func span(from, to int) []int {
	var numbers []int
	for n := from; n <= to; n++ {
		numbers = append(numbers, n)
	}
	return numbers
}

// A database that goes away while a job runs, and comes back while it runs or
// after: nothing of the job is held up, and each line is recorded once, in order.
func TestTortureDatabaseGoesAway(t *testing.T) {
	t.Parallel()
	for name, layout := range map[string]string{"hangs": "auto", "hangs, direct layout": "direct"} {
		for _, comesBack := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, comes back %v", name, comesBack), func(t *testing.T) {
				t.Parallel()
				a := newArena(t)
				h := newHangingFolder(t, a.folder)
				a.db = filepath.Join(h.path, "db")
				a.configure(t, "db_layout: "+layout+"\n")
				a.goesAway(t, h.stop, h.answer, comesBack, filepath.Join(h.behind, "db"))
			})
		}
	}
	for _, comesBack := range []bool{true, false} {
		t.Run(fmt.Sprintf("is full, comes back %v", comesBack), func(t *testing.T) {
			t.Parallel()
			a := newArena(t)
			mountAt(t, a.db, "tmpfs", 0, "size=1m")
			filler := filepath.Join(a.db, "filler")
			a.goesAway(t, func() { fillUp(filler) }, func() { _ = os.Remove(filler) }, comesBack, a.db)
		})
	}
}

func (a *arena) goesAway(t *testing.T, leave, comeBack func(), comesBack bool, behind string) {
	t.Helper()
	k := a.newTalker(t)
	k.say(t, 10)
	leave()
	k.say(t, 60) // longer than the silence of which a busy disk is thought capable
	if comesBack {
		comeBack()
		k.say(t, 20)
	}
	if said := k.end(t); len(said) != 1 {
		t.Errorf("warnings: %q, want one", said)
	}
	if !comesBack {
		if got := textsWith(a.spooled(t), "line", "line "); len(got) == 0 {
			t.Error("there is nothing in the spool")
		}
		comeBack()
	}
	a.mergeSpool(t, "item")
	a.flush(t, 0)
	a.db = behind
	if got := a.lineNumbers(t); !slices.Equal(got, span(1, k.said)) {
		t.Errorf("recorded %v, want 1 to %d", got, k.said)
	}
	runs := texts(a.records(t, "d", "item", "run"), "cause")
	if slices.Contains(runs, "wrapper lost") {
		t.Errorf("runs ended %q", runs)
	}
}

// A database that is taken away takes with it what was in it, but nothing that
// comes later.
func TestTortureDatabaseVanishes(t *testing.T) {
	t.Parallel()
	for _, renamed := range []bool{false, true} {
		t.Run(fmt.Sprintf("renamed %v", renamed), func(t *testing.T) {
			t.Parallel()
			a := newArena(t)
			k := a.newTalker(t)
			k.say(t, 10)
			waitFor(t, time.Minute, "the first lines", func() bool { return len(a.lineNumbers(t)) == 10 })
			away := a.db + ".away"
			if err := os.Rename(a.db, away); err != nil {
				t.Fatal(err)
			}
			if !renamed {
				if err := os.RemoveAll(away); err != nil {
					t.Fatal(err)
				}
			}
			k.say(t, 20)
			k.end(t)
			a.mergeSpool(t, "item")
			got := a.lineNumbers(t)
			first := 11
			if renamed {
				first = 1
				old := *a.site
				old.db = away
				got = append((&arena{site: &old}).lineNumbers(t), got...)
			}
			if !slices.Equal(got, span(first, 30)) {
				t.Errorf("recorded %v, want %d to 30; the spool has %s", got, first, strings.Join(texts(a.spooled(t), "line"), ""))
			}
		})
	}
}
