package viewer

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clipperhouse/displaywidth"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/words"
)

// An alarm that nobody has tried to send so far stands in the outbox alone: no record
// says that nobody was told. A listing of alarms tells of it beside its records.

// maxWaiting bounds how many such alarms are told one by one, and the others how much of
// a message and of a reason is.
const (
	maxWaiting     = 5
	waitingMessage = 60
	waitingReason  = 200
)

// clocksDiffer is by how much the clock of who has recorded what became of an alarm may
// be behind that of who has raised it.
const clocksDiffer = 24 * time.Hour

// unrecorded are the alarms in the outbox that a listing asks for and has no record of,
// oldest first. It is asked before the listing is read: what is sent meanwhile may be
// told of twice, and is never missed.
func unrecorded(store *record.Store, q record.Query, o Options) []WaitingAlarm {
	if q.Kind != record.Alarm || o.Waiting == nil || o.Notes == nil {
		return nil
	}
	waiting, err := o.Waiting(q.Begin, q.End)
	problems := splitErrors(err)
	noteProblems(o.Notes, problems, len(problems))
	waiting = slices.DeleteFunc(waiting, func(w WaitingAlarm) bool { return !w.isWantedBy(q) })
	if len(waiting) == 0 {
		return nil
	}
	ids := map[string]bool{}
	for _, w := range waiting {
		ids[w.ID] = true
	}
	recorded := map[string]bool{}
	rows := store.Select(record.Query{
		Kind: record.Alarm, Directions: q.Directions, Items: q.Items, Location: q.Location,
		Begin: waiting[0].Raised.Add(-clocksDiffer),
		Where: func(row record.Row) bool { return ids[row.Get("alarm")] },
	})
	for row := range rows.All() {
		recorded[row.Get("alarm")] = true
	}
	return slices.DeleteFunc(waiting, func(w WaitingAlarm) bool { return recorded[w.ID] })
}

// isWantedBy applies a query to what is no record yet.
func (w *WaitingAlarm) isWantedBy(q record.Query) bool {
	holds := func(text string) bool {
		return strings.Contains(w.Message, text) || strings.Contains(w.Title, text) || strings.Contains(w.Receivers, text)
	}
	names := words.Split(w.Receivers)
	return q.MatchesItem(w.Item) && (q.Run == "" || q.Run == w.Run) &&
		(len(q.Levels) == 0 || slices.ContainsFunc(q.Levels, func(level string) bool { return strings.EqualFold(level, w.Level) })) &&
		(len(q.Receivers) == 0 || slices.ContainsFunc(q.Receivers, func(name string) bool { return slices.Contains(names, name) })) &&
		!slices.ContainsFunc(q.Keywords, func(text string) bool { return !holds(text) }) &&
		!slices.ContainsFunc(q.Not, func(text string) bool { return text != "" && holds(text) })
}

// noteWaiting tells of alarms without a record.
func noteWaiting(waiting []WaitingAlarm, q record.Query, o Options) {
	for i, w := range waiting {
		if i == maxWaiting {
			note(o.Notes, fmt.Sprintf("Waiting in the outbox: %d more", len(waiting)-i))
			return
		}
		message, _, _ := strings.Cut(unixLines(w.Message), "\n")
		since := w.Raised
		if q.Location != nil {
			since = since.In(q.Location)
		}
		note(o.Notes, fmt.Sprintf("Waiting in the outbox since %s: %s: %s (%s)", since.Format(record.TimeLayout), w.Item,
			shortened(message, waitingMessage), shortened(w.Why, waitingReason)))
	}
}

func shortened(text string, width int) string { return displaywidth.TruncateString(text, width, "…") }
