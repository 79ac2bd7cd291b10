package tests

import (
	"strconv"
	"testing"
	"time"
)

// The end of a run is that of its command, whatever mvrun had to do after it.
func TestWrapperEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	run(t, s.command(binary, "-i", wrapItem, "--on-failure", "log", "--", "sh", "-c", "sleep 0.1; exit 3"))
	record := s.theRun(t)
	start, err := time.Parse(time.RFC3339Nano, record.text("start"))
	if err != nil {
		t.Fatal(err)
	}
	end, err := time.Parse(time.RFC3339Nano, record.text("end"))
	if err != nil {
		t.Fatal(err)
	}
	duration, err := strconv.ParseFloat(record.text("duration"), 64)
	if err != nil {
		t.Fatal(err)
	}
	if over := end.Sub(start).Seconds() - duration; over < -0.001 || over > 0.001 {
		t.Errorf("from %v to %v is not %v s", start, end, duration)
	}
}
