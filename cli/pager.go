package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/clipperhouse/displaywidth"
	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/runner"
)

// pager is stdout. Where that is a terminal, and what is written is longer than its
// screen, a program shows it page by page. What is written goes there at once: the
// first page is seen while the rest is still being read. It is used by one goroutine.
type pager struct {
	direct  bool // to stdout: there is no terminal, no pager, or none that works
	screen  unix.Winsize
	held    []byte // what was written so far, as long as it fits on the screen
	rows    int    // that it takes
	program string

	child *exec.Cmd // nil before it is started
	pipe  *os.File
	sent  []byte // what the child has got, as long as it may not have begun to read
	read  bool   // it has
	notes [][]byte
	stop  atomic.Int32  // the signal that has ended the listing, or the pager; 0 for none
	whole atomic.Bool   // all has been written
	done  chan struct{} // closed when the pager is left
}

// newPager gives stdout, with a pager if one is wanted and there is a screen.
func newPager(wanted bool) *pager {
	p := &pager{direct: true, done: make(chan struct{})}
	size, err := unix.IoctlGetWinsize(1, unix.TIOCGWINSZ)
	if !wanted || err != nil || size.Row == 0 || size.Col == 0 {
		return p
	}
	p.screen, p.program = *size, pagerProgram(os.LookupEnv)
	p.direct = p.program == ""
	return p
}

// pagerProgram is a command line, or "" for none: that of MVRUN_PAGER or PAGER, where
// the empty one and cat mean none, or what there is.
func pagerProgram(lookup func(string) (string, bool)) string {
	if term, _ := lookup("TERM"); term == "" || term == "dumb" {
		return ""
	}
	for _, name := range []string{"MVRUN_PAGER", "PAGER"} {
		if program, ok := lookup(name); ok {
			if program = strings.TrimSpace(program); program == "cat" {
				program = ""
			}
			return program
		}
	}
	for _, program := range []string{"less", "more"} {
		if _, err := exec.LookPath(program); err == nil {
			return program
		}
	}
	return ""
}

// Write holds what fits on the screen, and gives the rest to the pager. Its error is
// EPIPE where the pager has been left, or a signal ends the listing.
func (p *pager) Write(data []byte) (int, error) {
	if p.child == nil && !p.direct {
		p.held = append(p.held, data...)
		if p.rows += screenRows(data, int(p.screen.Col)); p.rows < int(p.screen.Row) {
			return len(data), nil
		}
		p.start()
		held := p.held
		p.held = nil
		if err := p.put(held); err != nil {
			return 0, err
		}
		return len(data), nil
	}
	if err := p.put(data); err != nil {
		return 0, err
	}
	return len(data), nil
}

// screenRows counts the rows that a text takes.
func screenRows(text []byte, columns int) int {
	rows := 0
	for line := range bytes.Lines(text) {
		content := bytes.TrimSuffix(line, []byte{'\n'})
		rows += len(line) - len(content) + max(0, displaywidth.Bytes(withoutColors(content))-1)/columns
	}
	return rows
}

// withoutColors leaves out the sequences of colours, which take no room.
func withoutColors(line []byte) []byte {
	for {
		before, rest, found := bytes.Cut(line, []byte("\x1b["))
		if !found {
			return line
		}
		_, after, _ := bytes.Cut(rest, []byte{'m'})
		line = append(before[:len(before):len(before)], after...)
	}
}

// start runs the pager. Where it cannot be, everything goes to stdout.
func (p *pager) start() {
	read, write, err := os.Pipe()
	if err != nil {
		p.direct = true
		return
	}
	defer read.Close()
	child := pagerCommand(p.program)
	child.Stdin, child.Stdout, child.Stderr = read, os.Stdout, os.Stderr
	heard := make(chan os.Signal, 1) // from before there is a pager to leave alone
	notifyOfStops(heard)
	if err := child.Start(); err != nil {
		signal.Stop(heard)
		write.Close()
		p.direct = true
		p.tell(err.Error())
		return
	}
	p.child, p.pipe = child, write
	go p.listen(heard, write, child.Process)
}

func (p *pager) tell(problem string) {
	printLine(fmt.Sprintf("mvrun: note: pager %q: %s", p.program, problem))
}

// pagerCommand needs a shell only where the command line is more than words.
func pagerCommand(program string) *exec.Cmd {
	words := strings.Fields(program)
	if strings.ContainsAny(program, "|&;<>()$`\\\"'*?[#~=%") {
		words = []string{"/bin/sh", "-c", program}
	}
	command := exec.Command(words[0], words[1:]...)
	command.Env = os.Environ()
	for _, setting := range [][2]string{{"LESS", "FRX"}, {"LESSCHARSET", "utf-8"}, {"LV", "-c"}} {
		if _, ok := os.LookupEnv(setting[0]); !ok {
			command.Env = append(command.Env, setting[0]+"="+setting[1])
		}
	}
	return command
}

// notifyOfStops leaves alone what is ignored, as ^C in the background of a script.
func notifyOfStops(heard chan<- os.Signal) {
	for _, stop := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		if !signal.Ignored(stop) {
			signal.Notify(heard, stop)
		}
	}
}

// listen takes ^C from mvrun, which would otherwise leave the pager alone with the
// terminal: it ends the listing, and the pager goes on with what there is. Other
// signals to stop end the pager, too.
func (p *pager) listen(heard chan os.Signal, pipe io.Closer, child *os.Process) {
	defer signal.Stop(heard)
	for {
		select {
		case <-p.done:
			return
		case heard := <-heard:
			stop := heard.(syscall.Signal)
			if stop == syscall.SIGINT && p.whole.Load() {
				continue
			}
			p.stop.CompareAndSwap(0, int32(stop))
			_ = pipe.Close() // wakes a write
			if stop != syscall.SIGINT {
				_ = child.Signal(syscall.SIGTERM)
			}
		}
	}
}

// maxSent is what a pipe holds at most that nobody reads from.
const maxSent = 64 << 10

// put writes to the pager, or to stdout where there is none.
func (p *pager) put(data []byte) error {
	if p.direct {
		_, err := stdoutWriter{}.Write(data)
		return err
	}
	_, err := p.pipe.Write(data)
	if err == nil {
		if p.sent = append(p.sent, data...); p.read || len(p.sent) > maxSent {
			p.sent, p.read = nil, true
		}
		return nil
	}
	if p.stop.Load() == 0 && p.wasMissing() {
		return p.put(append(p.sent, data...))
	}
	return syscall.EPIPE
}

// wait ends what the pager is to show, and returns when it has been left.
func (p *pager) wait() error {
	p.whole.Store(true)
	_ = p.pipe.Close()
	err := p.child.Wait()
	close(p.done)
	p.child = nil
	return err
}

// wasMissing waits for a pager that takes nothing, and reports whether a shell has
// found no such program.
func (p *pager) wasMissing() bool {
	exit, ok := errors.AsType[*exec.ExitError](p.wait())
	p.direct = ok && !p.read && (exit.ExitCode() == runner.ExitNotFound || exit.ExitCode() == runner.ExitNotExecutable)
	if p.direct {
		p.tell("there is no such program")
	}
	return p.direct
}

// end shows what was held and waits until the pager is left. It gives the error of the
// listing, or the status of the signal that has ended it.
func (p *pager) end(err error) error {
	switch {
	case p.child != nil:
		if p.stop.Load() == 0 && p.wasMissing() {
			err = errors.Join(err, p.put(p.sent))
		}
	case len(p.held) > 0:
		p.direct = true
		err = errors.Join(err, p.put(p.held))
	}
	if p.child != nil {
		_ = p.wait()
	}
	for _, note := range p.notes {
		_, _ = stderrWriter{}.Write(note) // as with any line on stderr
	}
	if stop := p.stop.Load(); stop != 0 {
		return silentStatus(128 + stop)
	}
	return err
}

// noteWriter holds notes until a pager is left, whose screen they would spoil.
type noteWriter struct{ pager *pager }

func (w noteWriter) Write(note []byte) (int, error) {
	if w.pager.direct {
		return stderrWriter{}.Write(note)
	}
	w.pager.notes = append(w.pager.notes, bytes.Clone(note))
	return len(note), nil
}
