package config

import (
	"reflect"
	"testing"
)

func TestParseRetention(t *testing.T) {
	cfg := parsed(t, `
valid_direction_dic: {LSF: alice}
retention:
  log: 90d
  alarm: 2y
  heartbeat: forever
  run: 1y2w3d
  archive_after: 36h
  directions:
    LSF: {log: forever, archive_after: 7d, output: 48h}
    gone: {archive_after: never}
    same:
`)
	r := cfg.Retention
	if r.IsZero() {
		t.Error("nothing is set")
	}
	for _, test := range []struct {
		direction, kind string
		days            int
	}{
		{"any", "log", 90}, {"any", "alarm", 730}, {"any", "heartbeat", 0}, {"any", "run", 382}, {"any", "output", 382},
		{"LSF", "log", 0}, {"LSF", "alarm", 730}, {"LSF", "output", 2}, {"gone", "log", 90}, {"same", "log", 90},
	} {
		if got := r.Keep(test.direction, test.kind); got != test.days {
			t.Errorf("%s of %s is kept for %d days, want %d", test.kind, test.direction, got, test.days)
		}
	}
	for direction, days := range map[string]int{"any": 2, "LSF": 7, "gone": 0, "same": 2} {
		if got := r.ArchiveAfter(direction); got != days {
			t.Errorf("%s is archived after %d days, want %d", direction, got, days)
		}
	}
}

// TestRetentionThatKeepsAll is as good as none.
func TestRetentionThatKeepsAll(t *testing.T) {
	for _, text := range []string{"", "retention:\n", "retention: {log: forever, archive_after: never, directions: {LSF: {run: forever}}}\n", "retention: {log: }\n"} {
		if cfg := parsed(t, text); !cfg.Retention.IsZero() {
			t.Errorf("%q: %+v", text, cfg.Retention)
		}
	}
}

// TestFaultyRetentionIsNone: a part of it could remove what was to be kept.
func TestFaultyRetentionIsNone(t *testing.T) {
	cfg, faults := Parse("mvrun.yaml", []byte("retention: {log: 30d, directions: {LSF: {log: forevr}}}\n"), testGrammar)
	if len(faults) != 1 || !reflect.DeepEqual(cfg.Retention, Retention{}) {
		t.Errorf("%+v, %v", cfg.Retention, faults)
	}
}
