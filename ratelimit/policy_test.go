package ratelimit_test

import (
	"strings"
	"testing"

	"github.com/mvrun/mvrun/ratelimit"
)

func TestParseAcceptsMonitorViewersForms(t *testing.T) {
	for text, want := range map[string]string{
		"everytime":            "everytime",
		" everytime\t":         "everytime",
		"max 3 times":          "max 3 times",
		"  max\t03   times \n": "max 3 times",
		"max 1 times":          "max 1 times",
		"max 0 times":          "max 0 times",
		"max 99999999999999999999999999999 times": "max 9223372036854775807 times",
	} {
		policy, err := ratelimit.Parse(text)
		if err != nil || policy.String() != want {
			t.Errorf("Parse(%q) = %q, %v; want %q", text, policy, err, want)
		}
		again, err := ratelimit.Parse(policy.String())
		if err != nil || again != policy {
			t.Errorf("Parse(%q) = %v, %v; does not come back", policy, again, err)
		}
	}
}

func TestParseNamesTheNearestForm(t *testing.T) {
	for text, hint := range map[string]string{
		"":                       `write "everytime" or "max 3 times"`,
		" \t":                    "is empty",
		"max 1 time":             `write "max 1 times"`,
		"max 3":                  `write "max 3 times"`,
		"3 times":                `write "max 3 times"`,
		"max -2 times":           `write "max 2 times"`,
		"max three times":        `write "max 3 times"`,
		"MAX 4 TIMES":            `write "max 4 times"`,
		"max 3 times a day":      `write "max 3 times"`,
		"max 3 times max":        `write "max 3 times"`,
		"every time":             `write "everytime"`,
		"Everytime":              `write "everytime"`,
		"always":                 `write "everytime"`,
		"once":                   `write "max 1 times"`,
		"never":                  `write "everytime" or "max 3 times"`,
		"max 3.5 times":          `write "max 3 times"`,
		"max 3 times\x00":        `"max 3 times\x00" is no`,
		"max\u00a03e1 times":     "is no alarm frequency",
		"everytime, max 3":       `write "max 3 times"`,
		strings.Repeat("x", 999): `xxx…" is no alarm frequency`,
	} {
		_, err := ratelimit.Parse(text)
		if err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("Parse(%q): %v; want a mention of %s", text, err, hint)
		}
	}
}

func TestDecide(t *testing.T) {
	for _, c := range []struct {
		policy         string
		sent, inFlight int
		allow, spent   bool
		reason         string
	}{
		{"everytime", 1 << 40, 1 << 40, true, false, ""},
		{"max 3 times", 0, 0, true, false, ""},
		{"max 3 times", 2, 0, true, false, ""},
		{"max 3 times", 1, 1, true, false, ""},
		{"max 3 times", 3, 0, false, true, "max 3 times a day: 3 sent today"},
		{"max 3 times", 2, 1, false, false, "max 3 times a day: 2 sent today, 1 being sent"},
		{"max 3 times", 9, 0, false, true, "max 3 times a day: 9 sent today"},
		{"max 0 times", 0, 0, false, true, "max 0 times a day: 0 sent today"},
	} {
		policy, err := ratelimit.Parse(c.policy)
		if err != nil {
			t.Fatal(err)
		}
		got := policy.Decide(c.sent, c.inFlight)
		if got.Allow != c.allow || got.Reason != c.reason || policy.Spent(c.sent) != c.spent {
			t.Errorf("%s with %d sent, %d in flight: %+v, spent %v", policy, c.sent, c.inFlight, got, policy.Spent(c.sent))
		}
		if policy.Limited() != (c.policy != "everytime") {
			t.Errorf("%s: limited is %v", policy, policy.Limited())
		}
	}
}

func TestZeroPolicyIsEverytime(t *testing.T) {
	var policy ratelimit.Policy
	if policy.String() != "everytime" || !policy.Decide(1000, 1000).Allow {
		t.Errorf("the zero policy is %s", policy)
	}
}
