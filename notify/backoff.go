package notify

import (
	"math/rand/v2"
	"time"
)

// The pauses between the attempts to send an alarm.
const (
	firstBackoff = time.Minute
	lastBackoff  = time.Hour
	minBackoff   = time.Second
)

// backoff gives the pause after so many failed attempts: a random part of a time
// that doubles, so that the processes of a farm do not all try at once (full
// jitter). The part is drawn once: alarms that fail one after the other are due in
// the same order.
func (d *Dispatcher) backoff(attempts int) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	part, drawn := d.backoffs[attempts]
	if !drawn {
		part = rand.Float64()
		d.backoffs[attempts] = part
	}
	return minBackoff + time.Duration(part*float64(backoffLimit(attempts)-minBackoff))
}

func backoffLimit(attempts int) time.Duration {
	whole := firstBackoff
	for range attempts - 1 {
		if whole *= 2; whole >= lastBackoff {
			return lastBackoff
		}
	}
	return whole
}
