package heartbeat

import (
	"testing"
	"time"
)

func TestSpoken(t *testing.T) {
	for length, want := range map[time.Duration]string{
		340 * time.Millisecond: "340ms", 70 * time.Second: "1m10s", 2 * time.Minute: "2m", 90 * time.Minute: "1h30m", 50 * time.Hour: "2d2h",
	} {
		if got := spoken(length); got != want {
			t.Errorf("%d: %q, want %q", length, got, want)
		}
	}
}
