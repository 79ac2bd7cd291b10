//go:build linux

package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// openPagerTerminal opens a terminal of ten rows. V stands for mvrun up to the kind of
// a listing whose records are each one row.
func openPagerTerminal(t *testing.T, logs int) *terminal {
	t.Helper()
	s := newSite(t)
	var lines strings.Builder
	for i := range logs {
		fmt.Fprintf(&lines, `{"time": "2024-10-25 08:00:00", "message_level": "Info", "message": "entry %d."}`+"\n", i)
	}
	folder := filepath.Join(s.db, "LSF", "nodes", "log")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(folder, "20241025"), lines.String(), 0o644)
	s.env = append(s.env, "V="+binary+" view log --begin 2024-10-25 --end 2024-10-25", "TERM=xterm")
	c := s.openTerminal(t)
	size := unix.Winsize{Row: 10, Col: 80}
	if err := unix.IoctlSetWinsize(int(c.master.Fd()), unix.TIOCSWINSZ, &size); err != nil {
		t.Fatal(err)
	}
	return c
}

// shows types a command and gives what it shows up to its status.
func (c *terminal) shows(command string) (shown, status string) {
	c.t.Helper()
	c.seen.Reset()
	c.typeIn(command + "; echo end with $?\n")
	status = strings.TrimPrefix(c.await("end with "), "end with ")
	return c.seen.String(), status
}

func TestPager(t *testing.T) {
	t.Parallel()
	const paged = "paged: "
	for _, c := range []struct {
		name, command string
		logs          int
		paged         bool
	}{
		{"longer than the screen", `PAGER='sed s/^/paged:\ /' $V`, 30, true},
		{"MVRUN_PAGER comes first", `MVRUN_PAGER='sed s/^/paged:\ /' PAGER=/nowhere $V`, 30, true},
		{"a script of the shell", `PAGER='cat | sed "s/^/paged: /"' $V`, 30, true},
		{"as long as the screen", `PAGER='sed s/^/paged:\ /' $V`, 9, true},
		{"shorter", `PAGER='sed s/^/paged:\ /' $V`, 8, false},
		{"not wanted", `PAGER='sed s/^/paged:\ /' $V --no-pager`, 30, false},
		{"none", `PAGER= $V`, 30, false},
		{"none in MVRUN_PAGER", `PAGER='sed s/^/paged:\ /' MVRUN_PAGER=cat $V`, 30, false},
		{"a dumb terminal", `TERM=dumb PAGER='sed s/^/paged:\ /' $V`, 30, false},
		{"into a pipe", `PAGER='sed s/^/paged:\ /' $V | cat`, 30, false},
		{"missing", `PAGER=/nowhere/pager $V`, 30, false},
		{"missing in the shell", `PAGER='nowhere-pager "a"' $V`, 30, false},
		{"missing after a lot was written", `PAGER='nowhere-pager "a"' $V`, 3000, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			shown, status := openPagerTerminal(t, c.logs).shows(c.command)
			if status != "0" {
				t.Errorf("status %s", status)
			}
			if got := strings.Contains(shown, paged); got != c.paged {
				t.Errorf("paged: %v, want %v:\n%s", got, c.paged, shown)
			}
			for _, i := range []int{0, c.logs / 2, c.logs - 1} {
				if entry := fmt.Sprintf("entry %d.", i); strings.Count(shown, entry) != 1 {
					t.Errorf("%q is there %d times", entry, strings.Count(shown, entry))
				}
			}
		})
	}
}

// What a pager is told that nobody has set up: to show colours, and to leave where all
// fits on the screen.
func TestPagerEnvironment(t *testing.T) {
	t.Parallel()
	c := openPagerTerminal(t, 30)
	if shown, _ := c.shows(`unset LESS LESSCHARSET; PAGER='cat >/dev/null; echo LESS is $LESS, $LESSCHARSET' $V`); !strings.Contains(shown, "LESS is FRX, utf-8") {
		t.Error(shown)
	}
	if shown, _ := c.shows(`LESS=S PAGER='cat >/dev/null; echo LESS is $LESS' $V`); !strings.Contains(shown, "LESS is S\r") {
		t.Error(shown)
	}
}

// Colours go to the terminal by way of the pager, unless NO_COLOR says otherwise.
func TestPagerColors(t *testing.T) {
	t.Parallel()
	c := openPagerTerminal(t, 30)
	if shown, _ := c.shows(`PAGER='sed s/x/y/' $V`); !strings.Contains(shown, "\x1b[1m") {
		t.Error("no colour without NO_COLOR")
	}
	if shown, _ := c.shows(`NO_COLOR=1 PAGER='sed s/x/y/' $V`); strings.Contains(shown, "\x1b[") {
		t.Error("colour with NO_COLOR")
	}
}

// Whoever leaves the pager early, or loses it, has no error of mvrun's, however much
// there was to show.
func TestPagerLeftEarly(t *testing.T) {
	t.Parallel()
	for _, pager := range []string{"head -2", "kill -9 $$", "exec sed 2q", "exit 1"} {
		t.Run(pager, func(t *testing.T) {
			t.Parallel()
			c := openPagerTerminal(t, 3000)
			shown, status := c.shows("PAGER='" + pager + ";' $V")
			if status != "0" || strings.Contains(shown, "mvrun:") {
				t.Errorf("status %s:\n%s", status, shown)
			}
		})
	}
}

// ^C ends the listing, and not the pager, which mvrun does not leave alone with the
// terminal.
func TestPagerInterrupted(t *testing.T) {
	t.Parallel()
	c := openPagerTerminal(t, 3000)
	c.typeIn(`PAGER='trap "caught=1" INT; read line; echo ready; while [ -z "$caught" ]; do sleep 0.1; done; tail -1; echo left;' $V; echo end with $?` + "\n")
	c.await("ready")
	c.typeIn(ctrlC)
	c.await("left")
	c.expectNext("end with 130")
}

// ^C while the whole listing is with the pager is the pager's alone.
func TestPagerInterruptedAtTheEnd(t *testing.T) {
	t.Parallel()
	c := openPagerTerminal(t, 30)
	c.typeIn(`PAGER='trap "caught=1" INT; tail -1; echo ready; while [ -z "$caught" ]; do sleep 0.1; done; echo left;' $V; echo end with $?` + "\n")
	c.await("ready")
	c.typeIn(ctrlC)
	c.await("left")
	c.expectNext("end with 0")
}

// The status is that of mvrun, which is not that of the pager.
func TestPagerStatus(t *testing.T) {
	t.Parallel()
	c := openPagerTerminal(t, 30)
	if shown, status := c.shows(`PAGER='cat; exit 7;' $V`); status != "0" {
		t.Errorf("status %s:\n%s", status, shown)
	}
	if shown, status := c.shows(`PAGER='cat;' $V --begin never`); status != "125" {
		t.Errorf("status %s:\n%s", status, shown)
	}
}

// What could not be read is told when the pager is left, whose screen it would spoil.
func TestPagerNotes(t *testing.T) {
	t.Parallel()
	c := openPagerTerminal(t, 30)
	shown, _ := c.shows(`printf 'torn\n' >>db/LSF/nodes/log/20241025; PAGER='cat; echo left;' $V`)
	_, after, left := strings.Cut(shown, "left\r\n")
	if !left || !strings.HasPrefix(after, "mvrun: note: Skipped 1 unreadable line\r\n") {
		t.Error(shown)
	}
}

// less is what there is on most hosts: a listing that is not much longer than the
// screen waits there for a key.
func TestPagerLess(t *testing.T) {
	t.Parallel()
	needProgram(t, "less")
	c := openPagerTerminal(t, 30)
	c.typeIn("unset PAGER LESS; $V; echo end with $?\n")
	c.await("entry 7.")
	c.typeIn("q")
	if got := c.await("end with"); !strings.HasSuffix(got, "end with 0") {
		t.Error(got)
	}
	if strings.Contains(c.seen.String(), "entry 20.") {
		t.Error("less has shown all at once")
	}
}
