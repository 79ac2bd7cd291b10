package screen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// patience is how long something may take that is bound to come.
const patience = 30 * time.Second

// sitter is somebody at a terminal with a screen.
type sitter struct {
	t       *testing.T
	master  *os.File
	slave   *os.File
	program *program
	before  unix.Termios

	mu    sync.Mutex
	shown bytes.Buffer // all that was sent
	ended chan any     // an error or what a panic had
}

// scripted is a source that does as it is told.
type scripted struct {
	do func(ctx context.Context, q record.Query, give func(viewer.Batch)) error
}

func (s scripted) stream(ctx context.Context, q record.Query, give func(viewer.Batch)) error {
	return s.do(ctx, q, give)
}

func (s scripted) names() known { return known{} }

// sit opens a screen whose listings come from a function.
func sit(t *testing.T, do func(ctx context.Context, q record.Query, give func(viewer.Batch)) error) *sitter {
	t.Helper()
	s := &sitter{t: t, ended: make(chan any, 1)}
	s.master, s.slave = openPair(t)
	terminal, err := openTerminal(s.slave, s.slave)
	if err != nil {
		t.Fatal(err)
	}
	s.before = terminal.before
	s.program = newProgram(terminal, Options{Getenv: func(string) string { return "" }, Now: func() time.Time { return testNow }})
	s.program.source = scripted{do}
	go s.watch()
	go func() {
		defer func() {
			if value := recover(); value != nil {
				s.ended <- value
			}
		}()
		s.ended <- s.program.run()
	}()
	s.await("\x1b[2J") // what is typed before that is for the shell
	return s
}

func openPair(t *testing.T) (master, slave *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("there are no pseudo terminals: %v", err)
	}
	number, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: 80, Row: 24})
	}
	if err != nil {
		t.Fatal(err)
	}
	master = os.NewFile(uintptr(fd), "master")
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = master.Close()
		_ = slave.Close()
	})
	return master, slave
}

// watch keeps all that is sent.
func (s *sitter) watch() {
	buffer := make([]byte, 4096)
	for {
		n, err := s.master.Read(buffer)
		s.mu.Lock()
		s.shown.Write(buffer[:n])
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *sitter) sent() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown.String()
}

// await waits until something was sent.
func (s *sitter) await(text string) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(s.sent(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("%q did not come: %q", text, s.sent())
		}
	}
}

func (s *sitter) press(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// end waits for the end, and looks whether the terminal is as it was.
func (s *sitter) end() any {
	s.t.Helper()
	select {
	case value := <-s.ended:
		after, err := unix.IoctlGetTermios(int(s.slave.Fd()), getTermios)
		if err != nil {
			s.t.Fatal(err)
		}
		if *after != s.before {
			s.t.Errorf("the settings of the terminal are %+v, were %+v", *after, s.before)
		}
		s.await(giveBack)
		return value
	case <-time.After(patience):
		s.t.Fatal("the screen does not end")
	}
	return nil
}

// giveAllAtOnce gives a listing of messages, and of items none.
func giveAllAtOnce(messages ...string) func(ctx context.Context, q record.Query, give func(viewer.Batch)) error {
	return func(ctx context.Context, q record.Query, give func(viewer.Batch)) error {
		if q.Kind == record.Log {
			give(viewer.Batch{Entries: entriesOf(messages...), Widths: []int{3, 5, 19, 5, 20}, Listed: true, Live: true})
		}
		<-ctx.Done()
		return nil
	}
}

func TestQuitGivesTheTerminalBack(t *testing.T) {
	for _, keys := range []string{"q", "\x03", "3\x1b[Bfx\x03"} {
		s := sit(t, giveAllAtOnce("hello"))
		s.press("3")
		s.await("hello")
		s.press(keys)
		if value := s.end(); value != nil {
			t.Errorf("%q ends with %v", keys, value)
		}
	}
}

// A file system that does not answer holds up neither keys nor the end, and a
// listing that nobody wants any more is told so.
func TestNothingWaitsForFiles(t *testing.T) {
	var mu sync.Mutex
	cancelled := 0
	s := sit(t, func(ctx context.Context, q record.Query, give func(viewer.Batch)) error {
		<-ctx.Done()
		mu.Lock()
		cancelled++
		mu.Unlock()
		select {} // for ever
	})
	s.await("reading")
	s.press("3")
	s.await("LOG")
	s.press("?")
	s.await("suspend; fg goes on")
	s.press("\x1b")
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		mu.Lock()
		count := cancelled
		mu.Unlock()
		if count > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the first listing is not cancelled")
		}
	}
	s.press("q")
	if value := s.end(); value != nil {
		t.Errorf("ends with %v", value)
	}
}

// A panic is seen on a terminal that is as it was, wherever it happens.
func TestPanics(t *testing.T) {
	t.Run("reading", func(t *testing.T) {
		s := sit(t, func(context.Context, record.Query, func(viewer.Batch)) error { panic("a fault in reading") })
		if text := fmt.Sprint(s.end()); !strings.Contains(text, "a fault in reading") || !strings.Contains(text, "program_linux_test.go") {
			t.Errorf("the panic is %s", text)
		}
	})
	t.Run("drawing", func(t *testing.T) {
		s := sit(t, func(ctx context.Context, q record.Query, give func(viewer.Batch)) error {
			give(viewer.Batch{Entries: make([]viewer.Entry, 3), Listed: true}) // entries of no kind cannot be drawn in these columns
			return nil
		})
		if value := s.end(); value == nil {
			t.Error("there is no panic")
		}
	})
}

func TestTheTerminalIsGone(t *testing.T) {
	s := sit(t, giveAllAtOnce("hello"))
	s.press("3")
	s.await("hello")
	_ = s.master.Close()
	select {
	case value := <-s.ended:
		if value != nil {
			t.Errorf("ends with %v", value)
		}
	case <-time.After(patience):
		t.Fatal("the screen does not end")
	}
}

func TestAnErrorIsShown(t *testing.T) {
	s := sit(t, func(context.Context, record.Query, func(viewer.Batch)) error {
		return errors.New("open /db: permission denied")
	})
	s.await("permission denied")
	s.press("q")
	s.end()
}

func TestSignals(t *testing.T) {
	s := sit(t, giveAllAtOnce("hello"))
	s.press("3")
	s.await("hello")
	if err := unix.IoctlSetWinsize(int(s.slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: 60, Row: 12}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGWINCH); err != nil {
		t.Fatal(err)
	}
	s.await("\x1b[12;2H") // the last line of 12
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	value := s.end()
	if err, ok := value.(*SignalError); !ok || err.Signal != syscall.SIGTERM {
		t.Errorf("ends with %v", value)
	}
}

// A terminal that takes nothing holds up neither the model nor the end for long.
func TestATerminalThatStandsStill(t *testing.T) {
	master, slave := openPair(t)
	terminal, err := openTerminal(slave, slave)
	if err != nil {
		t.Fatal(err)
	}
	p := newProgram(terminal, Options{Getenv: func(string) string { return "" }})
	p.source = scripted{func(ctx context.Context, q record.Query, give func(viewer.Batch)) error {
		for q.Kind == record.Log && ctx.Err() == nil { // pictures without an end, which nobody reads
			give(viewer.Batch{Entries: entriesOf(many(100)...), Widths: []int{3, 5, 19, 5, 20}, Listed: true})
		}
		return nil
	}}
	ended := make(chan error, 1)
	go func() { ended <- p.run() }()
	if _, err := master.WriteString("3jq"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("the screen does not end")
	}
}
