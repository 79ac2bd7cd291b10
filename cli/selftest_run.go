package cli

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/mvrun/mvrun/runner"
)

// outcome is what could be seen of one run.
type outcome struct {
	startError error // of a bare command
	unfinished bool  // stopped by --timeout
	exit       int
	signal     syscall.Signal // what it died of; 0 for none
	took       time.Duration
	streams    [2]capture // stdout and stderr; all in the first where they are merged
	stdinRead  int64      // bytes
}

// capture is what came by a pipe.
type capture struct {
	length int64
	sum    [sha256.Size]byte
	head   []byte // its first bytes, at most keptHead
	held   bool   // other processes still had the pipe after the command's end
}

// keptHead is how much of an output is kept to show where two of them part.
const keptHead = 256 << 10

// outputPatience is how long output is waited for after the command's end.
const outputPatience = time.Second

// catcher reads a pipe to its end.
type catcher struct {
	in   *os.File
	done chan struct{}

	mu     sync.Mutex
	hash   hash.Hash
	length int64
	head   []byte
}

// newCatcher gives the end of a pipe to write to.
func newCatcher() (*catcher, *os.File, error) {
	in, out, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("make a pipe: %w", err)
	}
	r := &catcher{in: in, done: make(chan struct{}), hash: sha256.New()}
	go r.read()
	return r, out, nil
}

func (r *catcher) read() {
	defer close(r.done)
	defer r.in.Close()
	_, _ = io.Copy(r, r.in)
}

func (r *catcher) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hash.Write(p)
	r.length += int64(len(p))
	r.head = append(r.head, p[:min(len(p), keptHead-len(r.head))]...)
	return len(p), nil
}

// captured waits for the rest, up to a moment. What comes later is still read,
// so that whoever writes it does not hang or die of it meanwhile.
func (r *catcher) captured(deadline time.Time) capture {
	c := capture{}
	select {
	case <-r.done:
	case <-time.After(time.Until(deadline)):
		c.held = true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c.length, c.head = r.length, append([]byte(nil), r.head...)
	r.hash.Sum(c.sum[:0])
	return c
}

// run runs a command to its end. The error is one of selftest itself.
func (t *selftest) run(args []string, merged bool) (*outcome, error) {
	stdin, err := os.Open(t.stdin)
	if err != nil {
		return nil, err
	}
	defer stdin.Close()
	stdout, out, err := newCatcher()
	if err != nil {
		return nil, err
	}
	defer out.Close()
	files := [3]*os.File{stdin, out, out}
	catchers := []*catcher{stdout}
	if !merged {
		stderr, out, err := newCatcher()
		if err != nil {
			return nil, err
		}
		defer out.Close()
		files[2], catchers = out, append(catchers, stderr)
	}
	o := &outcome{}
	begun := time.Now()
	process, err := runner.StartBare(args, files)
	files[1].Close()
	files[2].Close()
	if err != nil {
		o.startError, o.exit = err, runner.BareStatus(err)
	} else if err := t.await(process, o); err != nil {
		return nil, err
	}
	o.took = time.Since(begun)
	deadline := time.Now().Add(outputPatience)
	for i, r := range catchers {
		o.streams[i] = r.captured(deadline)
	}
	// The offset is that of the command, which has the same open file.
	o.stdinRead, _ = stdin.Seek(0, io.SeekCurrent)
	return o, nil
}

// await waits for the end of a run, and brings it about where it takes too long
// or selftest is told to stop.
func (t *selftest) await(process *os.Process, o *outcome) error {
	ended := make(chan *os.ProcessState, 1)
	go func() {
		state, _ := process.Wait()
		ended <- state
	}()
	var timeout <-chan time.Time
	if t.options.timeout > 0 {
		timeout = time.After(t.options.timeout)
	}
	select {
	case state := <-ended:
		return o.take(state)
	case <-timeout:
		o.unfinished = true
		endProcess(process, ended)
		return nil
	case sig := <-t.stops:
		endProcess(process, ended)
		return stoppedError{sig.(syscall.Signal)}
	}
}

func (o *outcome) take(state *os.ProcessState) error {
	if state == nil {
		return errors.New("the status of the command could not be had")
	}
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok {
		return errors.New("the status of the command is of an unknown form")
	}
	if status.Signaled() {
		o.signal = status.Signal()
		return nil
	}
	o.exit = status.ExitStatus()
	return nil
}

// endProcess asks the command to end, then the whole tree (which mvrun does at a
// second TERM), then kills it.
func endProcess(process *os.Process, ended <-chan *os.ProcessState) {
	for _, step := range []struct {
		signal syscall.Signal
		all    bool
	}{{syscall.SIGTERM, false}, {syscall.SIGTERM, true}, {syscall.SIGKILL, true}} {
		runner.SignalBare(process, step.signal, step.all)
		select {
		case <-ended:
			return
		case <-time.After(2 * time.Second):
		}
	}
}

const (
	mostStdin     = 16 << 20
	stdinPatience = 10 * time.Second // for a pipe that nobody writes to and nobody closes
)

// keepStdin puts what comes by stdin into a file for all runs. A terminal or
// another device gives nothing: it cannot be read twice.
func (t *selftest) keepStdin(stdin *os.File) error {
	t.stdin = os.DevNull
	info, err := stdin.Stat()
	if err != nil || info.Mode()&os.ModeDevice != 0 {
		return nil
	}
	path := filepath.Join(t.folder, "stdin")
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	copied := make(chan error, 1)
	pieces := make(chan struct{}, 1)
	go func() {
		_, err := io.Copy(&announcing{file, pieces}, io.LimitReader(stdin, mostStdin+1))
		copied <- err
	}()
	if err := t.awaitStdin(copied, pieces); err != nil {
		return err
	}
	if info, err := file.Stat(); err == nil && info.Size() > mostStdin {
		printLine("mvrun: warning: stdin is cut to 16 MiB")
		if err := file.Truncate(mostStdin); err != nil {
			return err
		}
	}
	t.stdin = path
	return nil
}

func (t *selftest) awaitStdin(copied <-chan error, pieces <-chan struct{}) error {
	for {
		select {
		case err := <-copied:
			return err
		case <-pieces:
		case sig := <-t.stops:
			return stoppedError{sig.(syscall.Signal)}
		case <-time.After(stdinPatience):
			printLine("mvrun: warning: stdin has been silent for 10 s; what has come of it is used (to give none: </dev/null)")
			return nil
		}
	}
}

// announcing says on a channel that something was written.
type announcing struct {
	io.Writer
	pieces chan<- struct{}
}

func (a *announcing) Write(p []byte) (int, error) {
	select {
	case a.pieces <- struct{}{}:
	default:
	}
	return a.Writer.Write(p)
}
