package viewer_test

import (
	"testing"
	"time"

	"github.com/mvrun/mvrun/viewer"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90": 90 * time.Second, "0.5": 500 * time.Millisecond, "90s": 90 * time.Second, "5m": 5 * time.Minute,
		"1h30m": 90 * time.Minute, "2d": 48 * time.Hour, "0": 0, " 3 ": 3 * time.Second,
	} {
		if got, err := viewer.ParseDuration(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "-1", "-1s", "1x", "NaN", "Inf", "1e300", "1e300d", "d", "1 h x"} {
		if got, err := viewer.ParseDuration(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

// FuzzParseDuration: a time that is read is never negative.
func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"90", "1h30m", "2d", "-0d", "0x1p62", "1e18d", "NaN", "9223372036854775807ns"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := viewer.ParseDuration(text); d < 0 || err != nil && d != 0 {
			t.Errorf("%q: %v, %v", text, d, err)
		}
	})
}
