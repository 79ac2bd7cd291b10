package heartbeat

import (
	"bytes"
	"slices"
	"time"

	"github.com/mvrun/mvrun/record"
)

// Beat is what of a heartbeat record matters here.
type Beat struct {
	Time     time.Time
	Offset   bool // the record says in which offset of UTC its time is
	Run      string
	Host     string // an address
	Hostname string
	Script   string
	Startup  string
}

// manual is the startup of runs that raise no expectation.
const manual = "manual"

// parseBeat reads of a line of a heartbeat file what decides whether and when it
// counts; a check does so a million times. The texts are looked for in it: a quote
// within a text is escaped in JSON, so that no text can be taken for a key.
func parseBeat(line []byte, zone *time.Location) (Beat, bool) {
	b := Beat{Startup: textOf(line, `"startup": "`), Hostname: textOf(line, `"hostname": "`)}
	var ok bool
	b.Time, b.Offset, ok = timeOf(line, zone)
	return b, ok
}

// complete reads the rest of a heartbeat's line.
func (b *Beat) complete(line []byte) {
	b.Run, b.Host, b.Script = textOf(line, `"run": "`), textOf(line, `"host": "`), textOf(line, `"script": "`)
}

// timeOf is the time of a record: its "ts", or its "time" in a zone.
func timeOf(line []byte, zone *time.Location) (t time.Time, offset, ok bool) {
	if stamp := textOf(line, `"ts": "`); stamp != "" {
		if t, err := time.Parse(time.RFC3339Nano, stamp); err == nil {
			return t, true, true
		}
	}
	stamp := textOf(line, `"time": "`)
	t, err := time.ParseInLocation(record.TimeLayout, stamp, zone)
	return t, false, err == nil
}

// textOf is the text behind a key, up to its closing quote; one with an escape in
// it is read by JSON's rules.
func textOf(line []byte, key string) string {
	at := bytes.Index(line, []byte(key))
	if at < 0 {
		return ""
	}
	text := line[at+len(key):]
	end := bytes.IndexByte(text, '"')
	if end < 0 {
		return ""
	}
	if bytes.IndexByte(text[:end], '\\') < 0 {
		return string(text[:end])
	}
	row := record.Row{Line: line}
	return row.Get(key[1 : len(key)-4])
}

// maxAhead is how far a heartbeat's time may be in the future for a host whose
// clock is wrong, or a record without an offset from another time zone. What is
// beyond it tells nothing.
const maxAhead = 24 * time.Hour

// beatTimes gives the times of heartbeats, in order, as far as they raise an
// expectation. The beats are in the order of their files.
func beatTimes(beats []Beat, now time.Time) []time.Time {
	var times []time.Time
	stamped := map[string][]time.Time{} // by host, with an offset: by mvrun's clock there
	for _, beat := range beats {
		switch {
		case beat.Startup == manual || beat.Time.After(now.Add(maxAhead)):
		case beat.Offset:
			stamped[beat.Hostname] = append(stamped[beat.Hostname], beat.Time)
		default:
			times = append(times, beat.Time)
		}
	}
	for _, ofHost := range stamped {
		times = append(times, straighten(ofHost)...)
	}
	for i, at := range times {
		if at.After(now) {
			times[i] = now
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}

// straighten takes times in the order in which a host has written them. Where its
// clock was set back, what came afterwards is moved on by as much, so that the job
// does not seem to be silent until the clock is where it was. A clock that had been
// set on before is only right again; and a record that was kept in the spool comes
// late as well, but is followed by one of the usual time.
func straighten(times []time.Time) []time.Time {
	straight := make([]time.Time, 0, len(times))
	var newest, jumped time.Time
	var shift, usual, jump time.Duration // usual is the time between the last two
	for i, at := range times {
		ahead := at.Sub(newest)
		switch {
		case i == 0:
			newest = at
		case ahead >= -time.Minute:
			if ahead > usual+max(usual, 30*time.Minute) {
				jump, jumped = ahead-usual, at // an outage, or the clock was set on
				shift = 0
			} else if ahead > 0 {
				usual = ahead
			}
			newest = later(newest, at)
		case i+1 < len(times) && times[i+1].Add(time.Minute).After(newest):
			straight = append(straight, at)
			continue
		default:
			back := -ahead + usual
			if (jump-back).Abs() > max(back/4, 5*time.Minute) || newest.Sub(jumped) > jumpMemory {
				shift += back
			}
			jump, newest = 0, at
		}
		straight = append(straight, at.Add(shift))
	}
	return straight
}

// jumpMemory is how long a clock may go wrong until somebody sets it.
const jumpMemory = 72 * time.Hour

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
