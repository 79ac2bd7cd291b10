package web

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/notify"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// surveyor judges items as they are now; with learn the schedule is learned of each.
// Partial is what could not be read of mutes and marks, without which it judges.
func (s *Server) surveyor(learn bool) (surveyor *heartbeat.Surveyor, partial, err error) {
	o := s.options.Load()
	options, partial := heartbeat.ReadOptions(o.Store, s.now())
	options.ThisHost, options.Rules, options.Learn = o.Host, o.Rules, learn
	surveyor, err = heartbeat.NewSurveyor(o.Store, options)
	return surveyor, partial, err
}

// judged are all items but those that are retired, in the order of their names.
type judged struct {
	at       time.Time
	verdicts []heartbeat.Verdict
	problems []error // of the item with the same index; nil for none
	partial  error   // see surveyor
	stuck    int     // alarms that could not be sent for long
}

// survey judges the items, or takes what was found of many of them a moment ago.
func (s *Server) survey() (*judged, error) { return s.surveying().wait() }

// surveying begins to judge the items.
func (s *Server) surveying() *sharedCall[*judged] { return s.surveys.ask("", s.judge) }

// judge judges the items beside one another.
func (s *Server) judge() (*judged, error) {
	found := &judged{at: s.now()}
	items, err := s.options.Load().Store.Candidates(nil, nil)
	if items == nil && err != nil {
		return nil, err
	}
	parts := make([]judged, min(runtime.GOMAXPROCS(0), len(items)/itemsAtOnce+1))
	failed := make([]error, len(parts))
	var group sync.WaitGroup
	for i := range parts {
		group.Go(func() {
			part := items[i*len(items)/len(parts) : (i+1)*len(items)/len(parts)]
			failed[i] = s.judgePart(&parts[i], part)
		})
	}
	group.Wait()
	for _, part := range parts {
		found.verdicts = append(found.verdicts, part.verdicts...)
		found.problems = append(found.problems, part.problems...)
	}
	outbox, outboxErr := notify.Outbox(s.options.Load().Store, found.at)
	found.partial, found.stuck = errors.Join(parts[0].partial, outboxErr), outbox.Stuck
	return found, errors.Join(failed...)
}

// itemsAtOnce is the number of items for which another worker pays.
const itemsAtOnce = 500

func (s *Server) judgePart(part *judged, items []record.Item) error {
	surveyor, partial, err := s.surveyor(false)
	part.partial = partial
	if err != nil {
		return err
	}
	for _, item := range items {
		verdict, err := surveyor.Item(item)
		if errors.Is(err, heartbeat.ErrNoItem) || verdict.State == heartbeat.Retired {
			continue
		}
		part.verdicts, part.problems = append(part.verdicts, verdict), append(part.problems, err)
	}
	return nil
}

// printing are the options of a listing; notes may be nil.
func (s *Server) printing(format viewer.Format, notes io.Writer) viewer.Options {
	return viewer.Options{Format: format, Notes: notes, Now: s.now(), Rules: s.options.Load().Rules}
}

// holdsFold reports whether a text holds another one in any case.
func holdsFold(text, part string) bool {
	return part == "" || strings.Contains(strings.ToLower(text), strings.ToLower(part))
}
