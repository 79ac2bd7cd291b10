package notify

import (
	"time"

	"github.com/mvrun/mvrun/ratelimit"
	"github.com/mvrun/mvrun/record"
)

// The values of send_alarm_result. The first two are monitorViewer's.
const (
	passedResult     = "PASSED"
	failedResult     = "FAILED"
	suppressedResult = "SUPPRESSED"
)

// Cause is why an alarm was held back.
type Cause string

// The causes; see SPEC "Alarm frequency".
const (
	CauseLimit     Cause = "limit"      // its frequency
	CauseDuplicate Cause = "duplicate"  // it says what the last one said
	CauseBurst     Cause = "burst"      // too many of the item at once
	CauseMute      Cause = "mute"       // somebody has silenced the item
	CauseQuiet     Cause = "quiet"      // quiet hours, or a route that holds or drops it
	CauseFailAfter Cause = "fail-after" // not enough failed runs in a row
	CauseOutdated  Cause = "outdated"   // of a notice that an item is well again, which it is not any more
	CauseTold      Cause = "told"       // of the failing of a run that somebody was told of before
)

// Hold says why an alarm is not sent, or not now.
type Hold struct {
	Cause  Cause
	Reason string    // for people
	Count  int       // alike that were sent, or failed runs so far; 0 where nothing is counted
	Next   time.Time // when this one goes, or one alike may go; zero where no time brings that about, as for one that is dropped
	Digest string    // the id of the digest that tells of it
	mute   string    // the tag of the mute that it waits for
}

// holdOf makes a hold of a frequency's decision.
func holdOf(decision ratelimit.Decision, policy ratelimit.Policy) Hold {
	hold := Hold{Cause: CauseLimit, Reason: decision.Reason, Count: decision.Count, Next: decision.Next}
	if policy.OnChange() {
		hold.Cause = CauseDuplicate
	}
	return hold
}

// result is what became of an alarm.
type result struct {
	value    string
	attempts int    // so far
	problem  string // of a failed one
	givenUp  bool   // and it is not tried any more
	final    bool   // or only where somebody asks for it
	hold     Hold   // of a suppressed one
	gathered int    // of a digest: the alarms it tells of
}

// line is the alarm record: monitorViewer's keys first, in its order, then
// mvrun's own. Its time is that of the result, since monitorViewer counts an
// alarm on the day on which it was sent.
func (r result) line(a *Alarm, id identity, now time.Time) []byte {
	md5 := a.MD5()
	var e record.Encoder
	e.Time("time", now, record.TimeLayout).
		String("md5", md5).
		String("receivers", a.receivers()).
		String("send_alarm_result", r.value).
		String("message", a.Message).
		Time("ts", now, record.StampLayout).
		Optional("run", a.Run).
		Optional("title", a.Title).
		Optional("level", string(a.Level)).
		Optional("kind", string(a.Kind)).
		Optional("host", a.Host).
		String("alarm", a.ID)
	if id.same != md5[:sameDigits] {
		e.String("same", id.same)
	}
	e.Optional("series", id.series)
	if r.attempts > 0 {
		e.Int("attempts", int64(r.attempts))
	}
	r.hold.encode(&e)
	e.Optional("error", r.problem)
	if r.givenUp {
		e.Bool("given_up", true)
	}
	if r.final {
		e.Bool("refused", true)
	}
	if len(a.Done) > 1 || len(a.Done) == 1 && (a.Done[0] != CommandChannel || r.value != passedResult) {
		e.Strings("channels", a.Done)
	}
	if r.gathered > 0 {
		e.Int("digest_of", int64(r.gathered))
	}
	return e.Optional("build_url", a.BuildURL).Line()
}

func (h *Hold) encode(e *record.Encoder) {
	e.Optional("reason", h.Reason).Optional("cause", string(h.Cause))
	if h.Count > 0 {
		e.Int("count", int64(h.Count))
	}
	if !h.Next.IsZero() {
		e.String("next", h.Next.Format(time.RFC3339))
	}
	e.Optional("digest", h.Digest)
}
