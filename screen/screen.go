// Package screen is the full-screen viewer: the tables of viewer in a terminal, with
// tabs, a filter, details, and new records as they are written.
//
// It is a package of its own since it is a program in itself. Its model takes events
// and makes pictures, and knows neither files nor the terminal; what it asks for is
// read beside it, so that no file system can hold up the keys. It needs no library
// for terminals: each of those costs every job some 0.2 ms at its start.
package screen

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// Options say what is shown, and how. All are optional but Store.
type Options struct {
	Store    *record.Store
	Database string        // its path, for the reader to see
	Filter   viewer.Filter // at the beginning; of its kind, format and limit nothing is taken
	Levels   []string      // that messages may have; nil for monitorViewer's
	Language heartbeat.Language
	Rules    heartbeat.Rules  // by which items are judged
	Now      func() time.Time // nil for time.Now
	Getenv   func(string) string
}

func (o Options) getenv(name string) string {
	if o.Getenv == nil {
		return os.Getenv(name)
	}
	return o.Getenv(name)
}

func (o Options) symbols() symbols { return symbolsFor(needsASCII(o.getenv)) }

// memoryGoal is what the garbage of many records may make of them.
const memoryGoal = 72 << 20

// Run shows the screen on a terminal until the user has seen enough, which is no
// error, or the terminal is gone. However it ends, the terminal is given back as it
// was. A signal to stop gives a [SignalError].
func Run(in, out *os.File, o Options) error {
	debug.SetMemoryLimit(memoryGoal)
	debug.SetGCPercent(50)
	t, err := openTerminal(in, out)
	if err != nil {
		return fmt.Errorf("look at the terminal: %w", err)
	}
	defer t.close()
	return newProgram(t, o).run()
}

// SignalError tells which signal ended the screen.
type SignalError struct{ Signal os.Signal }

func (e *SignalError) Error() string { return e.Signal.String() }

// program is a screen at work.
type program struct {
	terminal *terminal
	keyboard *keyboard
	model    *model
	painter  painter
	source   source

	ctx      context.Context // ends with the screen
	cancel   context.CancelFunc
	keys     chan event // from the keyboard
	events   chan event // from what is read
	fault    chan error // ends the screen
	frames   chan frame // the newest picture, for the writer
	idle     chan struct{}
	stopLoad context.CancelFunc // of the listing that is read

	dirty bool // the picture is not that of the model
	drawn time.Time
	over  bool

	exports sync.WaitGroup
}

// panicked is a panic of another goroutine.
type panicked struct {
	value any
	stack []byte
}

func (p panicked) Error() string { return fmt.Sprintf("panic: %v\n\n%s", p.value, p.stack) }

func newProgram(t *terminal, o Options) *program {
	p := &program{
		terminal: t, model: newModel(o), source: storeSource{o.Store, o.Rules},
		painter: painter{colors: hasColors(o.getenv), ascii: needsASCII(o.getenv)},
		keys:    make(chan event, 64), events: make(chan event, 16), fault: make(chan error, 8), frames: make(chan frame, 1), idle: make(chan struct{}, 1),
	}
	p.idle <- struct{}{}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// run shows the screen to its end. A panic anywhere comes out of here, once the
// terminal is given back.
func (p *program) run() (err error) {
	defer func() {
		value := recover()
		p.cancel()
		if p.keyboard != nil {
			p.keyboard.stop()
		}
		p.terminal.restore()
		if value != nil {
			panic(value)
		}
		if inner, ok := errors.AsType[panicked](err); ok {
			panic(inner.Error())
		}
	}()
	signals := hearSignals()
	defer signals.stop()
	if err = p.terminal.take(); err != nil {
		return fmt.Errorf("switch the terminal: %w", err)
	}
	p.guard(p.writeFrames)
	if p.keyboard, err = newKeyboard(p.terminal.in); err != nil {
		return err
	}
	p.guard(func() {
		if err := p.keyboard.read(p.typed); err != nil {
			p.fail(err)
		}
	})
	p.model.width, p.model.height = p.terminal.size()
	return p.loop(signals)
}

// loop takes events one after the other, and draws once there are none.
func (p *program) loop(signals *signals) error {
	seconds := time.NewTicker(time.Second)
	defer seconds.Stop()
	p.dirty = true
	for {
		p.carryOut(signals)
		if p.over {
			p.awaitExports()
			return nil
		}
		idle := p.idle
		if !p.dirty {
			idle = nil
		}
		select { // keys first, however much is written
		case e := <-p.keys:
			p.take(e)
			continue
		default:
		}
		select {
		case e := <-p.keys:
			p.take(e)
		case e := <-p.events:
			p.take(e)
		case <-seconds.C:
			if p.model.list().reading {
				p.take(tick{})
			}
		case sig := <-signals.heard:
			if err := p.obey(sig, signals); err != nil {
				return err
			}
		case err := <-p.fault:
			if isGone(err) {
				return nil
			}
			return err
		case <-idle:
			if len(p.events) > 0 && time.Since(p.drawn) < drawAtLeast { // draw what all of them make of it
				p.idle <- struct{}{}
				p.take(<-p.events)
				continue
			}
			p.draw()
		}
	}
}

// awaitExports lets files be finished that are being written; not for long, since
// they may be on a file system that does not answer.
func (p *program) awaitExports() {
	done := make(chan struct{})
	p.cancel()
	go func() {
		p.exports.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(exportPatience):
	}
}

// exportPatience is how long the end of the screen waits for files.
const exportPatience = 2 * time.Second

// drawAtLeast is how often a picture is drawn while events come in without a pause.
const drawAtLeast = 50 * time.Millisecond

func (p *program) take(e event) {
	p.model.update(e)
	p.dirty = true
}

// draw hands the picture to the writer, which is idle.
func (p *program) draw() {
	p.dirty, p.drawn = false, time.Now()
	picture, cursor := p.model.draw()
	p.frames <- frame{p.terminal.now(), p.painter.paint(picture, cursor)}
}

// writeFrames writes pictures. While one is written, newer ones are not drawn: a
// slow line shows the newest, not all.
func (p *program) writeFrames() {
	for {
		select {
		case <-p.ctx.Done():
			return
		case f := <-p.frames:
			if err := p.terminal.write(f); err != nil {
				p.fail(err)
				return
			}
			p.idle <- struct{}{}
		}
	}
}

func (p *program) typed(e event) {
	select {
	case p.keys <- e:
	case <-p.ctx.Done():
	}
}

// post hands an event to the loop.
func (p *program) post(e event) {
	select {
	case p.events <- e:
	case <-p.ctx.Done():
	}
}

// fail ends the screen.
func (p *program) fail(err error) {
	select {
	case p.fault <- err:
	default:
	}
}

// guard starts a goroutine whose panic ends the screen instead of the process.
func (p *program) guard(work func()) {
	go func() {
		defer func() {
			if value := recover(); value != nil {
				p.fail(panicked{value, debug.Stack()})
			}
		}()
		work()
	}()
}
