package notify

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// post is a channel that keeps what it is given.
type post struct {
	got  []Delivery
	fail error
}

func (p *post) Deliver(_ context.Context, d *Delivery) error {
	p.got = append(p.got, *d)
	return p.fail
}

// board is a switchboard over posts, which delivers to all of them.
func board(posts map[string]*post) *Switchboard {
	var planned []PlannedDelivery
	for name := range posts {
		planned = append(planned, PlannedDelivery{Channel: name, Receivers: []string{"alice"}})
	}
	slices.SortFunc(planned, func(a, b PlannedDelivery) int { return strings.Compare(a.Channel, b.Channel) })
	return &Switchboard{
		Plan: func(a *Alarm, _ time.Time) Plan {
			return Plan{Deliveries: planned, Receivers: a.Receivers, Action: ActionSend}
		},
		Channel: func(name string) (Channel, error) {
			if p := posts[name]; p != nil {
				return p, nil
			}
			return nil, ErrNoChannel
		},
		Now: func() time.Time { return noon },
	}
}

func TestOnlyTheChannelThatFailedIsTriedAgain(t *testing.T) {
	posts := map[string]*post{"chat": {}, "mail": {fail: errors.New("no route to host")}}
	w := plainWorld(t)
	o := w.options(board(posts))
	o.Plan = board(posts).Plan
	d := New(o)
	d.Raise(alarm("m"))
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Failed: 1, Left: 1})
	record := w.records()[0]
	if record["error"] != "mail: no route to host" || record["channels"].([]any)[0] != "chat" {
		t.Errorf("recorded %v", record)
	}
	posts["mail"].fail = nil
	d = w.dispatcher(board(posts))
	if n, err := d.FlushPending(true); n != 1 || err != nil {
		t.Fatalf("took %d, %v", n, err)
	}
	wantCounts(t, d.Drain(time.Minute).Pending, Counts{Sent: 1})
	if len(posts["chat"].got) != 1 || len(posts["mail"].got) != 2 {
		t.Errorf("%d to the chat, %d by mail", len(posts["chat"].got), len(posts["mail"].got))
	}
	wantStates(t, w)
}

func TestWhatOneOfTheChannelsHasDeliveredCounts(t *testing.T) {
	for _, frequency := range []string{"max 2 times", "max 2 times per run", "once per 30m", "on change"} {
		for _, failure := range []error{errors.New("no route to host"), &DeliveryError{Problem: "its rate is used up", Unsent: true}} {
			posts := map[string]*post{"chat": {}, "mail": {fail: failure}}
			w := plainWorld(t)
			d := w.dispatcher(board(posts))
			for range 5 {
				d.Raise(limited("m", frequency))
			}
			d.Drain(time.Minute)
			want := 1
			if strings.HasPrefix(frequency, "max") {
				want = 2
			}
			if got := len(posts["chat"].got); got != want {
				t.Errorf("%s, %v: sent %d times, want %d", frequency, failure, got, want)
			}
			// The limit does not hold back what was let through.
			posts["mail"].fail, posts["mail"].got = nil, nil
			d = w.dispatcher(board(posts))
			if _, err := d.FlushPending(true); err != nil {
				t.Fatal(err)
			}
			wantCounts(t, d.Drain(time.Minute).Pending, Counts{Sent: want})
			if chat, mail := len(posts["chat"].got), len(posts["mail"].got); chat != want || mail != want {
				t.Errorf("%s, %v: then %d to the chat, %d by mail", frequency, failure, chat, mail)
			}
			wantStates(t, w)
		}
	}
}

func TestAChannelThatDoesNotAnswerIsLeftAlone(t *testing.T) {
	mail := &post{fail: &DeliveryError{Problem: "timeout", Unreachable: true}}
	w := plainWorld(t)
	d := w.dispatcher(board(map[string]*post{"mail": mail}))
	for _, message := range []string{"a", "b", "c"} {
		d.Raise(alarm(message))
	}
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Failed: 1, Left: 3})
	if len(mail.got) != 1 {
		t.Errorf("tried %d times", len(mail.got))
	}
	wantStates(t, w, "wait", "wait", "wait")
	wantResults(t, w, map[string]int{"FAILED": 1})
}

func TestAnAlarmWithoutAChannelWaits(t *testing.T) {
	w := plainWorld(t)
	d := w.dispatcher(board(nil))
	d.Raise(alarm("m"))
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Failed: 1, Left: 1})
	wantStates(t, w, "wait")
}

func TestAnAlarmWhoseChannelsAreGoneTakesANewWay(t *testing.T) {
	before := map[string]*post{"chat": {fail: errors.New("bad token")}, "mail": {fail: errors.New("no route to host")}}
	for left, want := range map[string]Counts{"new": {Sent: 1}, "mail": {Failed: 1, Left: 1}} {
		w := plainWorld(t)
		o := w.options(board(before))
		o.Plan = board(before).Plan
		d := New(o)
		d.Raise(alarm("m"))
		d.Drain(time.Minute)
		after := map[string]*post{left: {}}
		o = w.options(board(after))
		o.Plan = board(after).Plan
		d = New(o)
		if n, err := d.FlushPending(true); n != 1 || err != nil {
			t.Fatalf("took %d, %v", n, err)
		}
		wantCounts(t, d.Drain(time.Minute).Pending, want)
		if got := after[left].got; len(got) != 1 || got[0].To[0].Name != "alice" {
			t.Errorf("by %v: %+v", left, got)
		}
	}
}

func TestWhatFailsForGoodIsTriedWhenAskedFor(t *testing.T) {
	mail := &post{fail: &DeliveryError{Problem: "bad password", Permanent: true}}
	w := plainWorld(t)
	now := noon
	w.now = func() time.Time { return now }
	d := w.dispatcher(board(map[string]*post{"mail": mail}))
	d.Raise(alarm("m"))
	d.Drain(time.Minute)
	now = now.Add(24 * time.Hour)
	d = w.dispatcher(board(map[string]*post{"mail": mail}))
	if n, err := d.FlushPending(false); n != 0 || err != nil {
		t.Errorf("took %d by itself, %v", n, err)
	}
	mail.fail = nil
	if n, err := d.FlushPending(true); n != 1 || err != nil {
		t.Errorf("took %d, %v", n, err)
	}
	wantCounts(t, d.Drain(time.Minute).Pending, Counts{Sent: 1})
}

func TestTheServersPauseIsKept(t *testing.T) {
	mail := &post{fail: &DeliveryError{Problem: "busy", Wait: 2 * time.Hour}}
	w := plainWorld(t)
	now := noon
	w.now = func() time.Time { return now }
	d := w.dispatcher(board(map[string]*post{"mail": mail}))
	d.Raise(alarm("m"))
	d.Drain(time.Minute)
	now = now.Add(2*time.Hour - time.Second)
	d = w.dispatcher(board(map[string]*post{"mail": mail}))
	if n, _ := d.FlushPending(false); n != 0 {
		t.Errorf("took %d before the pause was over", n)
	}
	now = now.Add(time.Second)
	if n, _ := d.FlushPending(false); n != 1 {
		t.Errorf("took %d after the pause", n)
	}
	drainOptional(d)
	d.Drain(time.Minute)
}

func TestAnOldAlarmIsGivenUpAsARecord(t *testing.T) {
	w := plainWorld(t)
	now := noon
	w.now = func() time.Time { return now }
	d := w.dispatcher(sender(refuse))
	d.Raise(alarm("m"))
	d.Drain(time.Minute)
	now = now.Add(defaultGiveUp)
	d = w.dispatcher(sender(refuse))
	if n, err := d.FlushPending(false); n != 1 || err != nil {
		t.Fatalf("took %d, %v", n, err)
	}
	drainOptional(d)
	wantCounts(t, d.Drain(time.Minute).Pending, Counts{Failed: 1, GivenUp: 1})
	wantStates(t, w)
	last := w.records()[0]
	if last["given_up"] != true || last["send_alarm_result"] != "FAILED" || !strings.HasPrefix(last["error"].(string), "given up after 2 attempts in 72h0m0s: ") {
		t.Errorf("recorded %v", last)
	}
}
