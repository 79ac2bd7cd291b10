package ratelimit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/ratelimit"
)

func parse(t *testing.T, text string) ratelimit.Policy {
	t.Helper()
	policy, err := ratelimit.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

func TestDecide(t *testing.T) {
	now := time.Date(2026, 11, 26, 10, 20, 30, 0, time.UTC) // a Thursday
	at := func(text string) time.Time {
		if text == "" {
			return time.Time{}
		}
		moment, err := time.Parse(time.DateTime, "2026-"+text)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	for _, c := range []struct {
		policy  string
		history ratelimit.History
		allow   bool
		reason  string
		next    string
		final   bool
	}{
		{"everytime", ratelimit.History{Sent: 1 << 40, InFlight: 1 << 40}, true, "", "", false},
		{"max 3 times", ratelimit.History{}, true, "", "", false},
		{"max 3 times", ratelimit.History{Sent: 2}, true, "", "", false},
		{"max 3 times", ratelimit.History{Sent: 1, InFlight: 1}, true, "", "", false},
		{"max 3 times", ratelimit.History{Sent: 3}, false, "max 3 times a day: 3 sent today", "11-27 00:00:00", true},
		{"max 3 times", ratelimit.History{Sent: 2, InFlight: 1}, false, "max 3 times a day: 2 sent today, 1 being sent", "11-27 00:00:00", false},
		{"max 3 times", ratelimit.History{Sent: 9}, false, "max 3 times a day: 9 sent today", "11-27 00:00:00", true},
		{"max 2 times per minute", ratelimit.History{Sent: 2}, false, "max 2 times per minute: 2 sent in this minute", "11-26 10:21:00", true},
		{"max 2 times per hour", ratelimit.History{Sent: 2}, false, "max 2 times per hour: 2 sent in this hour", "11-26 11:00:00", true},
		{"max 2 times per week", ratelimit.History{Sent: 2}, false, "max 2 times per week: 2 sent in this week", "11-30 00:00:00", true},
		{"max 2 times per run", ratelimit.History{Sent: 2}, false, "max 2 times per run: 2 sent in this run", "", true},
		{"once per 30m", ratelimit.History{}, true, "", "", false},
		{"once per 30m", ratelimit.History{Sent: 1, Last: at("11-26 09:50:30")}, true, "", "", false},
		{"once per 30m", ratelimit.History{Sent: 1, Last: at("11-26 09:50:31")}, false, "once per 30m: the last one was sent at 09:50:31", "11-26 10:20:31", true},
		{"once per 2d", ratelimit.History{Sent: 1, Last: at("11-25 09:00:00")}, false, "once per 2d: the last one was sent at 2026-11-25 09:00:00", "11-27 09:00:00", true},
		{"once per 30m", ratelimit.History{InFlight: 1}, false, "once per 30m: one is being sent", "11-26 10:50:30", false},
		{"on change", ratelimit.History{Last: at("11-25 08:00:00")}, true, "", "", false},
		{"on change", ratelimit.History{Unchanged: true, Last: at("11-25 08:00:00")}, false, "on change: the same was sent at 2026-11-25 08:00:00", "", false},
		{"on change", ratelimit.History{Unchanged: true, InFlight: 1}, false, "on change: the same is being sent", "", false},
	} {
		got := parse(t, c.policy).Decide(c.history, now)
		if got.Allow != c.allow || got.Reason != c.reason || !got.Next.Equal(at(c.next)) || got.Final != c.final {
			t.Errorf("%s with %+v: %+v", c.policy, c.history, got)
		}
	}
}

func TestWindowsHaveTheBordersOfLocalTime(t *testing.T) {
	shanghai := time.FixedZone("CST", 8*60*60)
	kolkata := time.FixedZone("IST", 5*60*60+30*60)
	for _, c := range []struct {
		policy, since string
		now           time.Time
	}{
		{"max 1 times", "2026-11-26T00:00:00+08:00", time.Date(2026, 11, 26, 0, 0, 0, 1, shanghai)},
		{"max 1 times", "2026-11-25T00:00:00+08:00", time.Date(2026, 11, 25, 23, 59, 59, 999, shanghai)},
		{"max 1 times per hour", "2026-11-26T10:00:00+05:30", time.Date(2026, 11, 26, 10, 59, 59, 5, kolkata)},
		{"max 1 times per minute", "2026-11-26T10:59:00+05:30", time.Date(2026, 11, 26, 10, 59, 59, 5, kolkata)},
		{"max 1 times per week", "2026-11-23T00:00:00+08:00", time.Date(2026, 11, 29, 23, 0, 0, 0, shanghai)},
		{"max 1 times per week", "2026-11-30T00:00:00+08:00", time.Date(2026, 11, 30, 0, 0, 0, 0, shanghai)},
		{"once per 1d12h", "2026-11-24T22:59:59+08:00", time.Date(2026, 11, 26, 10, 59, 59, 0, shanghai)},
	} {
		if got := parse(t, c.policy).Since(c.now).Format(time.RFC3339); got != c.since {
			t.Errorf("%s at %v: since %s, want %s", c.policy, c.now, got, c.since)
		}
	}
}

// Where the clock is set back, an hour of the same name comes twice, and the day
// has 25 hours.
func TestWindowsOnTheNightsOfTheClockChange(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("this machine has no time zones")
	}
	first := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC).In(berlin)  // 02:30 in summer time
	second := time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC).In(berlin) // 02:30 in winter time
	hourly := parse(t, "max 1 times per hour")
	if !hourly.Since(second).After(first) {
		t.Errorf("the second 02:30 is in the hour that began at %v", hourly.Since(second))
	}
	daily := parse(t, "max 1 times")
	decision := daily.Decide(ratelimit.History{Sent: 1}, first)
	if length := decision.Next.Sub(daily.Since(first)); length != 25*time.Hour {
		t.Errorf("the day has %v", length)
	}
}

// Where the clock skips the hour from midnight on, the day begins with the next.
func TestADayWithoutMidnight(t *testing.T) {
	azores, err := time.LoadLocation("Atlantic/Azores")
	if err != nil {
		t.Skip("this machine has no time zones")
	}
	daily, want := parse(t, "max 1 times"), time.Date(2027, 3, 28, 1, 0, 0, 0, azores)
	if got := daily.Since(want.Add(5 * time.Hour)); !got.Equal(want) {
		t.Errorf("the day begins at %v, want %v", got, want)
	}
	if got := daily.Decide(ratelimit.History{Sent: 1}, want.Add(-5*time.Hour)).Next; !got.Equal(want) {
		t.Errorf("the next may go at %v, want %v", got, want)
	}
}

func TestWhatADecisionDependsOn(t *testing.T) {
	for text, want := range map[string][3]bool{
		"everytime":           {false, false, false},
		"max 3 times":         {true, false, false},
		"max 3 times per run": {true, true, false},
		"once per 1h":         {true, false, false},
		"on change":           {true, false, true},
	} {
		policy := parse(t, text)
		if got := [3]bool{policy.Limited(), policy.PerRun(), policy.OnChange()}; got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	var zero ratelimit.Policy
	if zero.String() != "everytime" || !zero.Decide(ratelimit.History{Sent: 1000}, time.Now()).Allow {
		t.Errorf("the zero policy is %s", strings.ToUpper(zero.String()))
	}
}
