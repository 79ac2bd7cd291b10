//go:build linux

package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pane is a shell in tmux, of which can be seen what a person sees.
type pane struct {
	t      *testing.T
	socket string
	folder string // where the shell is
}

// openPane starts a shell with V set to `mvrun view`.
func openPane(t *testing.T, width, height int, environment ...string) *pane {
	t.Helper()
	needProgram(t, "tmux")
	folder := t.TempDir()
	short, err := os.MkdirTemp("", "tmux") // the name of a socket has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	p := &pane{t: t, socket: filepath.Join(short, "s"), folder: folder}
	t.Cleanup(func() {
		p.tmux("kill-server")
		_ = os.RemoveAll(short)
	})
	// A history would be written when the test is over.
	command := []string{"-u", "-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), "-c", folder, "env",
		"PS1=ready$ ", "HISTFILE=", "HOME=" + folder, "LANG=C.UTF-8", "V=" + binary + " view", "MVRUN=" + binary}
	command = append(append(command, environment...), needProgram(t, "bash"), "--norc", "--noprofile")
	p.tmux(command...)
	p.await("ready$")
	return p
}

func (p *pane) tmux(args ...string) string {
	p.t.Helper()
	output, err := exec.Command("tmux", append([]string{"-S", p.socket}, args...)...).CombinedOutput()
	if err != nil && args[0] != "kill-server" {
		p.t.Fatalf("tmux %q: %v\n%s", args, err, output)
	}
	return string(output)
}

// seen is what the pane shows.
func (p *pane) seen() string { return p.tmux("capture-pane", "-p") }

// await waits until the pane shows a text.
func (p *pane) await(text string) {
	p.t.Helper()
	p.awaitThat("shows "+text, func(seen string) bool { return strings.Contains(seen, text) })
}

func (p *pane) awaitGone(text string) {
	p.t.Helper()
	p.awaitThat("does not show "+text, func(seen string) bool { return !strings.Contains(seen, text) })
}

func (p *pane) awaitThat(what string, is func(seen string) bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		seen := p.seen()
		if is(seen) {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("the pane never %s:\n%s", what, seen)
		}
	}
}

// press sends keys by the names that tmux has for them.
func (p *pane) press(keys ...string) {
	p.t.Helper()
	p.tmux(append([]string{"send-keys"}, keys...)...)
}

func (p *pane) typeIn(text string) {
	p.t.Helper()
	p.tmux("send-keys", "-l", text)
}

// enter types a command line.
func (p *pane) enter(line string) {
	p.t.Helper()
	p.typeIn(line)
	p.press("Enter")
}

const (
	fixtureDB   = "testdata/monitorviewer/db"
	fixtureView = `$V --db "$DB" --begin 2024-10-25 --end 2024-10-31`
)

func fixture(t *testing.T) string { return "DB=" + filepath.Join(repository(t), "tests", fixtureDB) }

// Every tab has the numbers that monitorViewer has counted; filter, order, details,
// export and help work in a real terminal.
func TestScreenOfTheFixture(t *testing.T) {
	t.Parallel()
	var expected map[string]any
	if err := json.Unmarshal([]byte(readFile(t, "testdata/monitorviewer/expected.json")), &expected); err != nil {
		t.Fatal(err)
	}
	count := func(name string) string { return fmt.Sprintf(" 1/%v ", expected[name]) }
	p := openPane(t, 80, 24, fixture(t))
	p.enter(fixtureView)
	p.await(count("monitor_items") + "items")
	for _, c := range []struct{ key, counted, text string }{
		{"2", "heartbeats", "Host"}, {"3", "logs", "Message_Level"}, {"4", "alarms", "Alarm_Result"}, {"1", "monitor_items", "Status"},
	} {
		p.press(c.key)
		p.await(count(c.counted))
		p.await(c.text)
	}
	p.press("5")
	p.await("nothing here")
	p.press("3")
	p.await(count("logs"))
	p.press("f", "Down", "Down", "Down", "Down")
	p.typeIn("E")
	p.press("Tab", "Enter")
	p.await(count("error_logs"))
	p.await("level Error")
	p.press("s", "s")
	p.await("by Time ▲")
	p.await("2024-10-25 00:30:03")
	p.press("r", "Enter")
	p.await("by Time ▼")
	p.await("─ Details")
	p.press("Escape")
	p.awaitGone("Details")
	p.press("?")
	p.await("suspend; fg goes on")
	p.press("Escape")
	p.await("by Time ▼")
	p.press("e", "C-u")
	p.typeIn("errors.tsv")
	p.press("Enter")
	p.await("38 rows are in errors.tsv")
	if lines := strings.Count(readFile(t, filepath.Join(p.folder, "errors.tsv")), "\n"); lines != 39 {
		t.Errorf("errors.tsv has %d lines", lines)
	}
	p.press("e", "C-u")
	p.typeIn("errors.tsv")
	p.press("Enter")
	p.await("overwrite it? y/n")
	p.press("n")
	p.await("not exported")
	p.typeIn("\x1b[<0;15;1M\x1b[<0;15;1m") // a click on HEARTBEAT
	p.await(count("heartbeats"))
	p.press("/")
	p.typeIn("user_quota")
	p.press("Enter", "q")
	p.await("ready$")
	p.awaitGone("MONITOR")
}

func TestScreenInOtherSizes(t *testing.T) {
	t.Parallel()
	p := openPane(t, 80, 24, fixture(t))
	p.enter(fixtureView + " --level Fatal")
	p.await(" 1/23 records")
	p.tmux("resize-window", "-x", "40", "-y", "10")
	p.awaitThat("is narrow", func(seen string) bool {
		lines := strings.Split(strings.TrimRight(seen, "\n"), "\n")
		return len(lines) == 10 && strings.HasPrefix(lines[0], " 1  2  3 LOG  4  5") && strings.HasPrefix(lines[9], " 1/23 records")
	})
	for _, size := range []string{"1 1", "7 3", "20 2", "300 5"} {
		width, height, _ := strings.Cut(size, " ")
		p.tmux("resize-window", "-x", width, "-y", height)
		p.press("Enter", "f", "Escape", "j", "?", "Escape")
	}
	p.tmux("resize-window", "-x", "80", "-y", "24")
	p.await("3 LOG  4 ALARM")
	p.press("q")
	p.await("ready$")
}

// However the screen ends, the terminal is as it was, with what it showed.
func TestScreenGivesTheTerminalBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, status string
		end          func(p *pane)
	}{
		{"q", "0", func(p *pane) { p.press("q") }},
		{"ctrl-c", "0", func(p *pane) { p.press("C-c") }},
		{"TERM", "143", func(p *pane) { p.signal(syscall.SIGTERM) }},
		{"HUP", "129", func(p *pane) { p.signal(syscall.SIGHUP) }},
		{"INT", "130", func(p *pane) { p.signal(syscall.SIGINT) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := openPane(t, 80, 24, fixture(t))
			p.enter("stty -a >before; echo was here")
			p.await("\nwas here")
			p.enter(fixtureView + `; echo "status=$?"; stty -a >after; echo done`)
			p.await(" 1/5 items")
			p.awaitGone("was here")
			c.end(p)
			p.await("\ndone")
			p.await("status=" + c.status)
			p.await("was here")
			if before, after := readFile(t, filepath.Join(p.folder, "before")), readFile(t, filepath.Join(p.folder, "after")); before != after {
				t.Errorf("stty -a said\n%s, and says\n%s", before, after)
			}
		})
	}
}

// signal sends a signal to the screen, which is the shell's only child.
func (p *pane) signal(sig syscall.Signal) {
	p.t.Helper()
	shell := strings.TrimSpace(p.tmux("list-panes", "-F", "#{pane_pid}"))
	child := strings.TrimSpace(readFile(p.t, "/proc/"+shell+"/task/"+shell+"/children"))
	output, err := exec.Command("kill", "-"+fmt.Sprint(int(sig)), child).CombinedOutput()
	if err != nil {
		p.t.Fatalf("kill %s: %v\n%s", child, err, output)
	}
}

// ^Z leaves a shell that can be worked with, and fg goes on where it was.
func TestScreenIsSuspended(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"key", "signal"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			p := openPane(t, 80, 24, fixture(t))
			p.enter("stty -a >before; " + fixtureView)
			p.await(" 1/5 items")
			p.press("j", "j")
			p.await(" 3/5 items")
			if way == "key" {
				p.press("C-z")
			} else {
				p.signal(syscall.SIGTSTP)
			}
			p.await("Stopped")
			p.awaitGone("MONITOR")
			p.enter("stty -a >after; echo still $((40 + 2))")
			p.await("still 42")
			if before, after := readFile(t, filepath.Join(p.folder, "before")), readFile(t, filepath.Join(p.folder, "after")); before != after {
				t.Errorf("stty -a said\n%s, and says\n%s", before, after)
			}
			p.enter("fg")
			p.await(" 3/5 items")
			p.press("j")
			p.await(" 4/5 items")
			p.press("q")
			p.await("ready$")
		})
	}
}

// What others write comes in by itself, and what would be obeyed by a terminal is
// shown by it.
func TestScreenIsLive(t *testing.T) {
	t.Parallel()
	p := openPane(t, 120, 30)
	s := newSite(t)
	add := func(message string) {
		t.Helper()
		if r := s.mvrun(t, "log", "-d", "LSF", "-i", "nodes", "Error", message); r.status != 0 {
			t.Fatalf("mvrun log: %+v", r)
		}
	}
	add("the first")
	p.enter(`$V --db "` + s.db + `" --item nodes --level Error`)
	p.await("● live")
	p.await(" 1/1 record")
	add("\x1b[31mred\x1b]0;title\x07 项目 🎉 done")
	p.await(`\x1b[31mred\x1b]0;title\x07 项目 🎉 done`)
	p.await(" 2/2 records") // the selection stays with its record
	add("the third")
	p.await(" 3/3 records")
	p.press("q")
	p.await("ready$")
}

// While the file system of the database does not answer, keys are obeyed, and the
// screen ends at once.
func TestScreenOfADatabaseThatHangs(t *testing.T) {
	folder := newHangingFolder(t, t.TempDir())
	if output, err := exec.Command("cp", "-r", filepath.Join(repository(t), "tests", fixtureDB), folder.behind).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	p := openPane(t, 80, 24, "DB="+filepath.Join(folder.path, "db"))
	p.enter(fixtureView)
	p.await(" 1/5 items")
	folder.stop()
	p.press("3")
	p.await("● reading")
	p.press("?")
	p.await("suspend; fg goes on")
	p.press("Escape", "4")
	p.await("Alarm_Result")
	p.press("f", "Down", "Down", "Tab", "Escape", "2", "q")
	p.await("ready$")
	folder.answer()
	p.enter(fixtureView)
	p.await(" 1/5 items")
	folder.stop()
	p.press("3")
	p.await("reading, ")
	folder.answer()
	p.await(" 1/157 records")
	p.press("q")
	p.await("ready$")
}

// With a kind, or with a way to print, or for a terminal that is none, it prints.
func TestScreenOpensInTerminalsOnly(t *testing.T) {
	t.Parallel()
	p := openPane(t, 120, 60, fixture(t))
	for i, line := range []string{
		fixtureView + " monitor", fixtureView + " --format csv", fixtureView + " --limit 3", "TERM=dumb " + fixtureView,
		fixtureView + " | cat", fixtureView + " </dev/null", fixtureView + " --wide",
	} {
		p.enter("clear; " + line + "; echo end $((" + fmt.Sprint(i) + " + 100))")
		p.await(fmt.Sprintf("\nend %d", i+100))
		p.await("check_")
		p.awaitGone("q: quit")
	}
	p.enter("clear; " + fixtureView + " --level Eror; echo end 200")
	p.await(`level "Eror": is not a message level`)
	p.enter("clear; " + fixtureView + " --item 'check_*' --keyword LSF")
	p.await(" 1/2 items")
	p.press("q")
	p.await("ready$")
}

// A terminal without colours is sent none.
func TestScreenWithoutColors(t *testing.T) {
	t.Parallel()
	for _, environment := range []string{"NO_COLOR=1", "TERM=vt100", "TERM=xterm"} {
		t.Run(environment, func(t *testing.T) {
			t.Parallel()
			p := openPane(t, 80, 24, fixture(t))
			p.enter(environment + " " + fixtureView + " --level Fatal")
			p.await(" 1/23 records")
			colored := strings.Contains(p.tmux("capture-pane", "-p", "-e"), "\x1b[31m") || strings.Contains(p.tmux("capture-pane", "-p", "-e"), ";31m")
			if colored != (environment == "TERM=xterm") {
				t.Errorf("colours: %v", colored)
			}
			p.press("q")
			p.await("ready$")
		})
	}
}
