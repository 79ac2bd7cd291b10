package record

import "time"

// maxStarved bounds how much longer a wait becomes on a machine that does not let
// this process run.
const maxStarved = 30 * time.Second

// starvedTurn is how long such a machine is given before it is asked again.
const starvedTurn = 20 * time.Millisecond

// AwaitFairly receives a value, waiting at most so long. Where starved, which may
// be nil, says at the end of that time that this process waits for a processor,
// or where that end comes late, the silence says nothing about who should answer:
// it waits on while that is so, at most 30 s. See [Starved].
func AwaitFairly[T any](values <-chan T, wait time.Duration, starved func() bool) (value T, ok bool) {
	due := time.Now().Add(wait)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for extra := time.Duration(0); ; extra += starvedTurn {
		select {
		case value = <-values:
			return value, true
		case <-timer.C:
		}
		late := time.Since(due) > starvedTurn/2 // this process has waited itself
		if starved == nil || extra >= maxStarved || !late && !starved() {
			return value, false
		}
		due = time.Now().Add(starvedTurn)
		timer.Reset(starvedTurn)
	}
}
