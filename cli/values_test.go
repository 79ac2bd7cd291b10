package cli

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90": 90 * time.Second, "0.5": 500 * time.Millisecond, "90s": 90 * time.Second, "5m": 5 * time.Minute,
		"1h30m": 90 * time.Minute, "2d": 48 * time.Hour, "0": 0, " 3 ": 3 * time.Second,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "-1", "-1s", "1x", "NaN", "Inf", "1e300", "1e300d", "d", "1 h x"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"direction", "item", "receivers", "timeout"}
	for word, want := range map[string]string{
		"dirction": "direction", "itme": "item", "timout": "timeout", "reciever": "receivers", "xyz": "", "": "",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestJoinReceivers(t *testing.T) {
	for text, want := range map[string]string{
		"a b": "a b", "a,b": "a b", " a ,  b;c\t": "a b c", "": "",
	} {
		if got := joinReceivers(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
