package runner

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Drainer is the other side of Leftover.Handoff and of Command.Guardian: it goes on with the output of a run.
type Drainer struct {
	State []byte // what it was given
	// SinkFirst is that of the Command.
	SinkFirst bool

	pipes []drainedPipe
	held  *os.File // output that was held back, nil for none
}

type drainedPipe struct {
	stream Stream
	fd     int
	inLine bool // the beginning of the line that comes next was read by another
}

// TakeOver reads what was left for this process. It fails in a process that was not started for that.
func TakeOver() (*Drainer, error) {
	var info unix.Stat_t
	if err := unix.Fstat(stateFD, &info); err != nil {
		return nil, errors.New("no pipes to drain: this command is run by mvrun itself")
	}
	file := os.NewFile(stateFD, "state")
	content, err := io.ReadAll(file)
	_ = file.Close()
	if err != nil {
		return nil, fmt.Errorf("read the drainer's state: %w", err)
	}
	if len(content) < 2 || content[0] != stateFormat || len(content) < 2+int(content[1]) {
		return nil, errors.New("read the drainer's state: unknown format")
	}
	count := int(content[1])
	d := &Drainer{State: content[2+count:]}
	for i, kind := range content[2 : 2+count] {
		d.take(kind, firstHandedFD+i)
	}
	return d, nil
}

// take receives a descriptor. A mark follows the pipe that it belongs to.
func (d *Drainer) take(kind byte, fd int) {
	unix.CloseOnExec(fd)
	switch kind &^ 0x0f {
	case handedPipe:
		d.pipes = append(d.pipes, drainedPipe{stream: Stream(kind), fd: fd})
	case handedMark:
		d.pipes[len(d.pipes)-1].inLine = lineMark(fd).isSet()
		_ = unix.Close(fd)
	case handedHold:
		d.held = os.NewFile(uintptr(fd), "held output")
	}
}

// Drain passes output on until nobody holds the pipes any more, after what was held back. A stream without a sink is
// passed on all the same.
func (d *Drainer) Drain(stdout, stderr Sink) *DrainResult {
	outlets := map[Stream]*outlet{Stdout: {stream: Stdout, fd: int(Stdout)}, Stderr: {stream: Stderr, fd: int(Stderr)}}
	if d.held != nil {
		held := &hold{file: d.held, outlets: outlets}
		_ = held.replay()
		held.close()
	}
	var pumps []*pump
	for _, pipe := range d.pipes {
		sink := stdout
		if pipe.stream == Stderr {
			sink = stderr
		}
		if pipe.inLine && sink != nil {
			sink = &nextLine{Sink: sink}
		}
		p := newPump(pipe.stream, pipe.fd, outlets[pipe.stream], sink)
		p.sinkFirst = d.SinkFirst
		pumps = append(pumps, p)
		go p.run()
	}
	var r Result
	for _, p := range pumps {
		<-p.done
		r.gather(p, nil)
	}
	return &DrainResult{StdoutBytes: r.StdoutBytes, StderrBytes: r.StderrBytes, Lost: r.Lost, ReaderGone: r.ReaderGone}
}

// nextLine keeps the rest of a line from a sink that has not seen its beginning: an "ERROR: …" in the middle of a line
// would look like the start of one.
type nextLine struct {
	Sink
	begun bool
}

func (l *nextLine) Write(p []byte) (int, error) {
	next := p
	if !l.begun {
		_, next, l.begun = bytes.Cut(p, []byte{'\n'})
	}
	if len(next) > 0 {
		_, _ = l.Sink.Write(next) // whose results are not looked at
	}
	return len(p), nil
}
