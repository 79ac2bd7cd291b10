package heartbeat

import (
	"testing"
	"time"
)

// beatsOf makes heartbeats of a host at these minutes after ten.
func beatsOf(host string, minutes ...int) []Beat {
	var beats []Beat
	for _, minute := range minutes {
		beats = append(beats, Beat{Time: time.Date(2026, 11, 26, 10, minute, 0, 0, time.UTC), Offset: true, Hostname: host, Startup: "crontab"})
	}
	return beats
}

func TestLastOfBeats(t *testing.T) {
	clock := func(hour, minute int) time.Time { return time.Date(2026, 11, 26, hour, minute, 0, 0, time.UTC) }
	for name, test := range map[string]struct {
		beats     []Beat
		now, want time.Time
	}{
		"in order":                 {beatsOf("a", 0, 10, 20), clock(10, 25), clock(10, 20)},
		"set back by an hour":      {beatsOf("a", 0, 10, 20, -30, -20), clock(10, 45), clock(10, 40)},
		"right again":              {beatsOf("a", 0, 10, 20, -30, -20, 50), clock(10, 55), clock(10, 50)},
		"set on, and right again":  {beatsOf("a", 0, 10, 80, 90, 40, 50), clock(10, 55), clock(10, 55)},
		"set on":                   {beatsOf("a", 0, 10, 80), clock(10, 25), clock(10, 25)},
		"spooled, and merged late": {beatsOf("a", 0, 10, 20, -300, 30, 40), clock(10, 45), clock(10, 40)},
		"another host behind":      {append(beatsOf("a", 0, 10, 20), beatsOf("b", -40, -30)...), clock(10, 25), clock(10, 20)},
		"from next year":           {append(beatsOf("a", 0, 10), beatsOf("a", 600000)...), clock(10, 15), clock(10, 10)},
	} {
		times := beatTimes(test.beats, test.now)
		if last := times[len(times)-1]; !last.Equal(test.want) {
			t.Errorf("%s: the last is of %v, want %v", name, last, test.want)
		}
	}
}

func TestManualBeatsRaiseNoExpectation(t *testing.T) {
	beats := beatsOf("a", 0, 10)
	for i := range beats {
		beats[i].Startup = manual
	}
	if times := beatTimes(beats, beats[1].Time); len(times) > 0 {
		t.Errorf("expected %v", times)
	}
}

func TestParseBeat(t *testing.T) {
	zone := time.FixedZone("", 8*3600)
	for line, want := range map[string]string{
		`{"time": "2024-11-01 16:56:36", "user": "root", "host": "10.1.2.3", "script": "/ic/check.py"}`:                                                                "2024-11-01T16:56:36+08:00",
		`{"time": "2024-11-01 16:56:36", "user": "root", "host": "10.1.2.3", "script": "a\", \"ts\": \"1999-01-01T00:00:00Z", "ts": "2024-11-01T08:56:36.000000001Z"}`: "2024-11-01T08:56:36Z",
		`{"time": "2024-11-01 16:56:36.5", "user": "root"}`:                                                                                                            "2024-11-01T16:56:36+08:00",
		`{"time": "gestern", "user": "root"}`:                                                                                                                          "",
		`{"user": "root"}`:                                                                                                                                             "",
	} {
		beat, ok := parseBeat([]byte(line), zone)
		got := ""
		if ok {
			got = beat.Time.Truncate(time.Second).Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func FuzzBeat(f *testing.F) {
	f.Add([]byte(`{"time": "2024-11-01 16:56:36", "host": "h\u0041", "script": "/ic/\"check.py", "ts": "2024-11-01T16:56:36Z", "run": "x", "startup": "manual"}`))
	f.Add([]byte(`{"ts": "`))
	f.Fuzz(func(t *testing.T, line []byte) {
		beat, ok := parseBeat(line, time.UTC)
		beat.complete(line)
		if ok && beat.Time.IsZero() && beat.Offset {
			t.Skip()
		}
		parseRun(line)
	})
}
