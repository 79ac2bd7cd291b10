package notify

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// step is an alarm that is raised some time after the one before.
type step struct {
	after   time.Duration
	alarm   Alarm
	sent    bool
	restart bool // by a new process
}

func with(a Alarm, change func(*Alarm)) Alarm {
	change(&a)
	return a
}

func TestFrequencies(t *testing.T) {
	of := func(message, frequency string) Alarm { return limited(message, frequency) }
	inRun := func(run string) Alarm {
		return with(of("m", "max 1 times per run"), func(a *Alarm) { a.Run = run })
	}
	keyed := func(message, key, frequency string) Alarm {
		return with(of(message, frequency), func(a *Alarm) { a.Key = key })
	}
	titled := func(title, message string) Alarm {
		return with(of(message, "on change"), func(a *Alarm) { a.Title = title })
	}
	const hour = time.Hour
	start := noon.Add(-8 * hour).UTC().Format("20060102T150405Z") // a run's id begins with its start
	for name, steps := range map[string][]step{
		"a minute of the clock": {
			{0, of("m", "max 1 times per minute"), true, false}, {59 * time.Second, of("m", "max 1 times per minute"), false, true},
			{time.Second, of("m", "max 1 times per minute"), true, false},
		},
		"an hour of the clock": {
			{59 * time.Minute, of("m", "max 2 times per hour"), true, false}, {0, of("m", "max 2 times per hour"), true, true},
			{59 * time.Second, of("m", "max 2 times per hour"), false, true}, {time.Second, of("m", "max 2 times per hour"), true, false},
		},
		"a week from Monday on": { // noon is a Monday's
			{0, of("m", "max 1 times per week"), true, false}, {6*24*hour + 11*hour, of("m", "max 1 times per week"), false, true},
			{hour, of("m", "max 1 times per week"), true, true},
		},
		"a run": {
			{0, inRun(start + "-1"), true, false}, {0, inRun(start + "-1"), false, true}, {0, inRun(start + "-2"), true, true},
			{30 * hour, inRun(start + "-1"), false, true},
		},
		"once per": {
			{0, of("m", "once per 30m"), true, false}, {30*time.Minute - 1, of("m", "once per 30m"), false, true},
			{1, of("m", "once per 30m"), true, true}, {23 * hour, of("m", "once per 1d"), false, true}, {hour, of("m", "once per 1d"), true, true},
		},
		"on change": {
			{0, of("a", "on change"), true, false}, {0, of("a", "on change"), false, true}, {0, of("b", "on change"), true, true},
			{0, of("a", "on change"), true, false}, {3 * 24 * hour, of("a", "on change"), false, true}, {0, titled("other", "a"), true, true},
		},
		"a key": {
			{0, keyed("load 1", "load", "max 1 times"), true, false}, {0, keyed("load 2", "load", "max 1 times"), false, true},
			{0, keyed("load 2", "swap", "max 1 times"), true, true}, {0, of("load 2", "max 1 times"), true, true},
		},
		"a key, on change": {
			{0, keyed("up", "n1", "on change"), true, false}, {0, keyed("up", "n2", "on change"), true, false},
			{0, keyed("up", "n1", "on change"), false, true}, {0, keyed("down", "n1", "on change"), true, false},
		},
		// What a clock has written that was ahead holds nothing back once it is right.
		"a clock set back, an hour": {
			{9 * hour, of("m", "max 1 times per hour"), true, false}, {0, of("m", "max 1 times per hour"), false, false},
			{-8 * hour, of("m", "max 1 times per hour"), true, false}, {0, of("m", "max 1 times per hour"), false, true},
		},
		"a clock set back, once per": {
			{9 * hour, of("m", "once per 30m"), true, false}, {0, of("m", "once per 30m"), false, false},
			{-8 * hour, of("m", "once per 30m"), true, false}, {0, of("m", "once per 30m"), false, true},
		},
		"a clock set back, on change": {
			{9 * hour, of("a", "on change"), true, false}, {-8 * hour, of("b", "on change"), true, true},
			{0, of("b", "on change"), false, true}, {0, of("a", "on change"), true, true},
		},
		"a clock set back, a day": {
			{9 * hour, of("m", "max 1 times"), true, false}, {-8 * hour, of("m", "max 1 times"), false, true},
		},
		"receivers": {
			{0, of("m", "max 1 times"), true, false},
			{0, with(of("m", "max 1 times"), func(a *Alarm) { a.Receivers = []string{"carol"} }), true, true},
		},
	} {
		t.Run(name, func(t *testing.T) { takeSteps(t, "", steps) })
	}
}

func TestAlarmKeySaysWhatIsTheSame(t *testing.T) {
	one, other := limited("load 93.1", "max 1 times"), limited("load 94.7", "max 1 times")
	disk := limited("disk full", "max 1 times")
	renamed := with(disk, func(a *Alarm) { a.Title = "storage" })
	for key, want := range map[AlarmKey][4]bool{
		"":         {true, true, true, false},
		KeyMessage: {true, true, true, false},
		KeyText:    {true, false, true, false},
		KeyTitle:   {true, false, false, true},
		KeyItem:    {true, false, false, false},
	} {
		t.Run(string(key), func(t *testing.T) {
			takeSteps(t, key, []step{{0, one, want[0], false}, {0, other, want[1], true}, {0, disk, want[2], true}, {0, renamed, want[3], true}})
		})
	}
}

// takeSteps raises alarms in turn and compares which were sent.
func takeSteps(t *testing.T, key AlarmKey, steps []step) {
	w := plainWorld(t)
	now := noon
	w.now = func() time.Time { return now }
	o := w.options(sender(accept))
	o.AlarmKey = key
	d := New(o)
	sent := 0
	for i, s := range steps {
		now = now.Add(s.after)
		if s.restart {
			d.Drain(time.Minute)
			d, sent = New(o), 0
		}
		d.Raise(s.alarm)
		drainOwn(d)
		d.mu.Lock()
		report := d.report.Own
		d.mu.Unlock()
		if report.Sent == sent == s.sent {
			t.Errorf("step %d, %q: sent %v, want %v", i+1, s.alarm.Message, !s.sent, s.sent)
		}
		sent = report.Sent
	}
	d.Drain(time.Minute)
	wantStates(t, w)
}

func TestAHeldBackAlarmSaysWhenTheNextMayGo(t *testing.T) {
	w := plainWorld(t)
	d := w.dispatcher(sender(accept))
	for range 3 {
		d.Raise(limited("m", "max 2 times"))
	}
	d.Drain(time.Minute)
	held := w.records()[2]
	for key, want := range map[string]any{
		"send_alarm_result": "SUPPRESSED", "cause": "limit", "count": 2.0, "reason": "max 2 times a day: 2 sent today",
		"next": noon.AddDate(0, 0, 1).Truncate(24*time.Hour).Format("2006-01-02T") + "00:00:00" + noon.Format("Z07:00"),
	} {
		if held[key] != want {
			t.Errorf("%s is %v, want %v", key, held[key], want)
		}
	}
}

// bigDay is a day with so many alarm records, of which one in ten was sent.
func bigDay(t testing.TB, w *world, lines int) {
	t.Helper()
	var b strings.Builder
	for i := range lines {
		a := alarm(fmt.Sprintf("message %d", i))
		a.normalise(noon, "")
		r := result{value: suppressedResult, hold: Hold{Cause: CauseLimit, Reason: "max 1 times a day: 1 sent today"}}
		if i%10 == 0 {
			r = result{value: passedResult, attempts: 1}
		}
		b.Write(lineOf(r, &a))
	}
	folder := filepath.Join(w.path, "LSF", "nodes", "alarm")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, record.Day(noon)), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTheLedgerCountsALongDay(t *testing.T) {
	w := plainWorld(t)
	bigDay(t, w, 5000)
	d := w.dispatcher(sender(accept))
	for i := range 20 {
		d.Raise(limited(fmt.Sprintf("message %d", i), "max 1 times"))
	}
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: 18, Suppressed: 2})
}

// BenchmarkDecision gives the time to decide about an alarm on a day of 100,000
// records, after the first one.
func BenchmarkDecision(b *testing.B) {
	w := plainWorld(b)
	bigDay(b, w, 100_000)
	l := newLedger(w.store)
	a := limited("message 40", "max 1 times")
	a.normalise(noon, "")
	d := w.dispatcher(sender(accept))
	policy := d.policy(&a)
	decide := func() {
		found, err := l.passed(&a, identityOf(&a, policy), policy, noon)
		if err != nil || found.count() != 1 {
			b.Fatalf("%d sent, %v", found.count(), err)
		}
	}
	decide()
	for b.Loop() {
		decide()
	}
}

func TestOnChangeComparesWithTheNewestThatIsBeingSent(t *testing.T) {
	for range 10 { // the order of a map is another each time
		w := plainWorld(t)
		box := newOutbox(w.store, record.Self(), w.now)
		for i, message := range []string{"a", "b", "a", "c"} {
			a := limited(message, "on change")
			a.ID = NewID(noon.Add(time.Duration(i) * time.Second))
			a.normalise(noon, "")
			if err := box.write(nameUnder(&a).as(stateSend, noon.Add(time.Hour), box.mine), &entry{Alarm: a}); err != nil {
				t.Fatal(err)
			}
		}
		d := w.dispatcher(sender(accept))
		d.Raise(limited("c", "on change"))
		wantCounts(t, d.Drain(time.Minute).Own, Counts{Suppressed: 1})
	}
}
