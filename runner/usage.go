package runner

import "time"

// Usage is what processes have used of the machine.
type Usage struct {
	UserTime   time.Duration
	SystemTime time.Duration
	MaxRSS     int64 // bytes, of the largest of them
	RSSBound   bool  // MaxRSS is only what they had at most: no more than mvrun itself, some 10 MiB
	BlockIn    int64 // operations, ru_inblock
	BlockOut   int64
}

// add counts what other processes have used as well. A bound stays one only where it is above all that is known.
func (u *Usage) add(other Usage) {
	u.UserTime += other.UserTime
	u.SystemTime += other.SystemTime
	u.BlockIn += other.BlockIn
	u.BlockOut += other.BlockOut
	switch {
	case other.MaxRSS > u.MaxRSS:
		u.MaxRSS, u.RSSBound = other.MaxRSS, other.RSSBound
	case other.MaxRSS == u.MaxRSS:
		u.RSSBound = u.RSSBound && other.RSSBound
	}
}
