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
// jitter).
func backoff(attempts int) time.Duration {
	whole := backoffLimit(attempts)
	return minBackoff + rand.N(whole-minBackoff)
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
