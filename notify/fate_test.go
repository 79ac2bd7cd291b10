package notify

import (
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

func TestTells(t *testing.T) {
	until := noon.Add(time.Hour)
	for _, c := range []struct {
		name  string
		raise []Alarm
		o     func(*Options, *world)
		told  bool
		cause Cause
	}{
		{"nothing was raised", nil, nil, false, ""},
		{"sent", []Alarm{alarm("m")}, nil, true, ""},
		{"refused, and waits", []Alarm{alarm("m")}, func(o *Options, _ *world) { o.Sender = sender(refuse) }, true, ""},
		{"no way to send so far", []Alarm{alarm("m")}, func(o *Options, _ *world) { o.Sender = nil }, true, ""},
		{"dropped", []Alarm{alarm("m")}, func(o *Options, _ *world) { o.Plan = quietUntil(ActionDrop, &until) }, false, CauseQuiet},
		{"held until later", []Alarm{alarm("m")}, func(o *Options, _ *world) { o.Plan = quietUntil(ActionHold, &until) }, true, CauseQuiet},
		{"muted", []Alarm{alarm("m"), alarm("n")}, func(_ *Options, w *world) {
			if err := w.store.PutMute(record.Mute{Pattern: "LSF/*", Until: until}); err != nil {
				w.t.Fatal(err)
			}
		}, false, CauseMute},
		{"limited", []Alarm{limited("m", "max 1 times")}, sentOne, false, CauseLimit},
		{"limited, and another sent", []Alarm{limited("m", "max 1 times"), alarm("n")}, sentOne, true, CauseLimit},
		{"dropped, and limited", []Alarm{alarm("m"), limited("m", "max 1 times"), alarm("m")}, func(o *Options, w *world) {
			sentOne(o, w)
			o.Plan = func(a *Alarm, _ time.Time) Plan {
				if a.Frequency == "" {
					return Plan{Action: ActionDrop, Receivers: a.Receivers}
				}
				return Plan{Action: ActionSend, Receivers: a.Receivers}
			}
		}, false, CauseLimit},
		{"in a digest", []Alarm{alarm("m")}, func(o *Options, w *world) { sentOne(o, w); o.Burst = 1 }, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := plainWorld(t)
			o := w.options(sender(accept))
			if c.o != nil {
				c.o(&o, w)
			}
			d := New(o)
			for _, a := range c.raise {
				d.Raise(a)
			}
			told, hold := d.Tells(time.Minute)
			if d.Drain(time.Minute); told != c.told || !told && hold.Cause != c.cause {
				t.Errorf("told %v, %+v", told, hold)
			}
		})
	}
}

// sentOne sends an alarm before the ones in question are raised.
func sentOne(_ *Options, w *world) {
	d := w.dispatcher(sender(accept))
	d.Raise(limited("m", "max 1 times"))
	d.Drain(time.Minute)
}
