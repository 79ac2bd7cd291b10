package heartbeat

import (
	"testing"
	"time"
)

// paced gives heartbeats at a steady interval, from one time before now up to another.
func paced(now time.Time, from, to, interval time.Duration) (beats []time.Time) {
	for ago := from; ago >= to; ago -= interval {
		beats = append(beats, now.Add(-ago))
	}
	return beats
}

// A listing, which wants the schedules of all items, judges as the check does that
// looks at nothing more than it must: a flag of the output changes no verdict.
func TestLearningForAListingChangesNoVerdict(t *testing.T) {
	now := at(t, time.UTC, "2026-11-26 10:00")
	day := 24 * time.Hour
	for name, beats := range map[string][]time.Time{
		"every ten minutes":              paced(now, 6*day, 5*time.Minute, 10*time.Minute),
		"stopped":                        paced(now, 6*day, 40*time.Minute, 10*time.Minute),
		"from ten minutes to an hour":    append(paced(now, 21*day, 6*day, 10*time.Minute), paced(now, 6*day-20*time.Minute, 40*time.Minute, time.Hour)...),
		"a few hours at another pace":    append(paced(now, 21*day, 5*time.Hour, 10*time.Minute), paced(now, 4*time.Hour+40*time.Minute, 40*time.Minute, time.Hour)...),
		"too few to learn from":          paced(now, 3*time.Hour, 40*time.Minute, time.Hour),
		"from an hour to ten minutes":    append(paced(now, 21*day, 6*day, time.Hour), paced(now, 6*day-20*time.Minute, 40*time.Minute, 10*time.Minute)...),
		"days, and then it stopped long": paced(now, 40*day, 10*day, day),
	} {
		newest := beats[max(0, len(beats)-4):]
		judge := func(learn bool) Verdict {
			return Judge(&Facts{Beats: newest, Zone: time.UTC, Learn: learn, History: func() []time.Time { return beats }}, Rules{}, now)
		}
		plain, listed := judge(false), judge(true)
		if plain.State != listed.State || len(plain.Problems) != len(listed.Problems) {
			t.Errorf("%s: a check finds it %s, and one that lists all %s by %q", name, plain.State, listed.State, listed.Schedule)
		}
		if listed.Source == "" {
			t.Errorf("%s: a listing does not say by what it is judged", name)
		}
	}
}
