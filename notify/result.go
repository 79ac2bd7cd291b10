package notify

import (
	"time"

	"github.com/mvrun/mvrun/record"
)

// The values of send_alarm_result. The first two are monitorViewer's.
const (
	passedResult     = "PASSED"
	failedResult     = "FAILED"
	suppressedResult = "SUPPRESSED"
)

// result is what became of an alarm.
type result struct {
	value    string
	attempts int    // so far
	reason   string // of a suppressed one
	problem  string // of a failed one
}

// line is the alarm record: monitorViewer's keys first, in its order, then
// mvrun's own. Its time is that of the result, since monitorViewer counts an
// alarm on the day on which it was sent.
func (r result) line(a *Alarm, now time.Time) []byte {
	var e record.Encoder
	e.String("time", now.Format(record.TimeLayout)).
		String("md5", a.MD5()).
		String("receivers", a.receivers()).
		String("send_alarm_result", r.value).
		String("message", a.Message).
		String("ts", now.Format(record.StampLayout)).
		Optional("run", a.Run).
		Optional("title", a.Title).
		Optional("level", string(a.Level)).
		Optional("host", a.Host).
		String("alarm", a.ID)
	if r.attempts > 0 {
		e.Int("attempts", int64(r.attempts))
	}
	e.Optional("reason", r.reason).Optional("error", r.problem).Optional("build_url", a.BuildURL)
	return e.Line()
}
