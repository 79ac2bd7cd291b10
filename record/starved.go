package record

import "time"

// maxStarved bounds how much longer a wait becomes on a machine that does not let
// this process run.
const maxStarved = 30 * time.Second

// starvedTurn is how long such a machine is given before it is asked again.
const starvedTurn = 20 * time.Millisecond

// grace says how long a wait goes on that has come to its end.
type grace struct {
	starved func() bool   // nil means never
	turns   int           // in which this process was not kept from running, that are waited for yet
	extra   time.Duration // the wait has gone on so long
}

// more reports whether a wait that was to end then goes on for another turn. The end
// of a turn in which this process has waited for a processor itself comes late.
func (g *grace) more(due time.Time) bool {
	if g.extra >= maxStarved {
		return false
	}
	g.extra += starvedTurn
	if g.starved != nil && (time.Since(due) > starvedTurn/2 || g.starved()) {
		return true
	}
	g.turns--
	return g.turns >= 0
}

// AwaitFairly receives a value, waiting at most so long. Where starved, which may
// be nil, says at the end of that time that this process waits for a processor,
// or where that end comes late, the silence says nothing about who should answer:
// it waits on while that is so, at most 30 s. See [Starved].
func AwaitFairly[T any](values <-chan T, wait time.Duration, starved func() bool) (value T, ok bool) {
	due := time.Now().Add(wait)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	grace := grace{starved: starved}
	for {
		select {
		case value = <-values:
			return value, true
		case <-timer.C:
		}
		if !grace.more(due) {
			return value, false
		}
		due = time.Now().Add(starvedTurn)
		timer.Reset(starvedTurn)
	}
}
