package notify

import (
	"testing"
	"time"
)

func TestBackoffDoubles(t *testing.T) {
	for attempts, want := range map[int]time.Duration{
		1: time.Minute, 2: 2 * time.Minute, 6: 32 * time.Minute, 7: time.Hour, 8: time.Hour, 1 << 30: time.Hour,
	} {
		if got := backoffLimit(attempts); got != want {
			t.Errorf("after %d attempts at most %v, want %v", attempts, got, want)
		}
		for range 100 {
			d := New(Options{})
			if got := d.backoff(attempts); got < minBackoff || got > want || got != d.backoff(attempts) {
				t.Errorf("after %d attempts %v", attempts, got)
			}
		}
	}
}
