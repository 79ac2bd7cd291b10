package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/mvrun/mvrun/config"
	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// survey judges all items that are wanted.
func (c *check) survey(ctx context.Context) error {
	items, err := c.store.Candidates(c.options.directions, c.options.items)
	if items == nil && err != nil {
		return err
	}
	c.note(err)
	c.partial = err != nil
	sweep := &sweep{store: c.store, items: items, options: c.surveyOptions(len(items)), unread: map[record.Item]bool{}}
	c.found, c.unread = sweep.judge(ctx), sweep.unread
	c.note(sweep.errs...)
	if len(c.found)+len(sweep.errs) == 0 {
		c.note(c.noItems())
	}
	c.lookAtOutbox()
	c.findReasons()
	return ctx.Err()
}

// noItems is what is wrong where items were asked for and there are none: a misspelt
// name must not look as if all were well.
func (c *check) noItems() error {
	if len(c.options.directions)+len(c.options.items) == 0 {
		return nil
	}
	asked := "no item matches"
	for _, name := range c.options.directions {
		asked += " --direction " + name
	}
	for _, name := range c.options.items {
		asked += " --item " + name
	}
	return errors.New(asked)
}

// surveyOptions reads what concerns all items.
func (c *check) surveyOptions(items int) heartbeat.SurveyOptions {
	o, err := heartbeat.ReadOptions(c.store, c.now)
	c.note(err)
	o.ThisHost, o.Learn = hostName(), (c.options.all || c.options.json) && items <= heartbeat.MaxLearned
	o.Rules = rules(c.config)
	if !c.options.dryRun {
		o.Close = func(item record.Item) bool {
			closed, err := c.store.CloseLost(item, c.self, "", c.spoolFolders()...)
			return err == nil && len(closed) > 0
		}
	}
	return o
}

// rules are those of a config.
func rules(c *config.Config) heartbeat.Rules {
	return heartbeat.Rules{Grace: c.Check.Grace, FailingAfter: c.Check.FailingAfter}
}

// sweep judges items on all processors.
type sweep struct {
	store   *record.Store
	items   []record.Item
	options heartbeat.SurveyOptions

	next     atomic.Int64 // the first item that nobody has taken
	verdicts []viewer.Checked
	judged   []bool

	mu     sync.Mutex
	errs   []error // at most maxCheckErrors
	unread map[record.Item]bool
}

// sweepPiece is how many items are taken at once.
const sweepPiece = 64

// judge gives the verdicts in the order of the items. All of them: that an item is
// well is news where it was not.
func (w *sweep) judge(ctx context.Context) []viewer.Checked {
	w.verdicts, w.judged = make([]viewer.Checked, len(w.items)), make([]bool, len(w.items))
	var group sync.WaitGroup
	for range max(2, runtime.GOMAXPROCS(0)) {
		group.Go(func() { w.work(ctx) })
	}
	group.Wait()
	found := w.verdicts[:0]
	for i := range w.verdicts {
		if w.judged[i] {
			found = append(found, w.verdicts[i])
		}
	}
	return found
}

func (w *sweep) work(ctx context.Context) {
	surveyor, err := heartbeat.NewSurveyor(w.store, w.options)
	if err != nil {
		w.fail(err)
		return
	}
	for ctx.Err() == nil {
		from := int(w.next.Add(sweepPiece)) - sweepPiece
		if from >= len(w.items) {
			return
		}
		for i := from; i < min(from+sweepPiece, len(w.items)); i++ {
			w.one(surveyor, i)
		}
	}
}

// one judges one item. The check's own is left out: it runs just now.
func (w *sweep) one(surveyor *heartbeat.Surveyor, i int) {
	if w.items[i] == checkItem {
		return
	}
	verdict, err := surveyor.Item(w.items[i])
	if errors.Is(err, heartbeat.ErrNoItem) {
		return
	}
	if err != nil {
		w.fail(fmt.Errorf("%s: %w", w.items[i], err))
		w.mu.Lock()
		w.unread[w.items[i]] = true
		w.mu.Unlock()
	}
	w.verdicts[i].Verdict, w.judged[i] = verdict, true
}

func (w *sweep) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.errs) < maxCheckErrors {
		w.errs = append(w.errs, err)
	}
}
