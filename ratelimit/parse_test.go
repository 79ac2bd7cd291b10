package ratelimit_test

import (
	"strings"
	"testing"

	"github.com/mvrun/mvrun/ratelimit"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"everytime":            "everytime",
		" everytime\t":         "everytime",
		"max 3 times":          "max 3 times",
		"  max\t03   times \n": "max 3 times",
		"max 1 times":          "max 1 times",
		"max 99999999999999999999999999999 times": "max 9223372036854775807 times",
		"max 3 times per day":                     "max 3 times",
		"max 3 times per minute":                  "max 3 times per minute",
		"max 3 times per hour":                    "max 3 times per hour",
		"max 3 times per week":                    "max 3 times per week",
		"max 3 times per run":                     "max 3 times per run",
		"once per 30m":                            "once per 30m",
		"once per 90m":                            "once per 1h30m",
		"once per 1d":                             "once per 1d",
		"once per 36h":                            "once per 1d12h",
		"once per 45s":                            "once per 45s",
		" on  change ":                            "on change",
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
		"max 0 times":            `"max 0 times" is no alarm frequency; write "max 1 times" (a day)`,
		"max 00 times per hour":  `write "max 1 times per hour"`,
		"max three times":        `write "max 3 times"`,
		"MAX 4 TIMES":            `write "max 4 times"`,
		"max 3 times a day":      `write "max 3 times"`,
		"max 3 times an hour":    `write "max 3 times per hour"`,
		"max 3 times per hours":  `write "max 3 times per hour"`,
		"3/hour":                 `write "max 3 times per hour"`,
		"max 2 times per month":  `write "max 2 times"`,
		"max 3 times max":        `write "max 3 times"`,
		"every time":             `write "everytime"`,
		"Everytime":              `write "everytime"`,
		"always":                 `write "everytime"`,
		"once":                   `write "once per 30m"`,
		"once per hour":          `write "max 1 times per hour"`,
		"once a day":             `write "max 1 times"`,
		"once 30m":               `write "once per 30m"`,
		"once per 30 minutes":    `write "once per 30m"`,
		"every 2 hours":          `write "once per 2h"`,
		"once per 0s":            `write`,
		"once per -5m":           `write`,
		"once per 400d":          `"once per 400d" is longer than what was sent is looked back over, 31d; write "once per 31d"`,
		"once per 60d":           `write "once per 31d"`,
		"once per 2000h":         `write "once per 31d"`,
		"once per 31d1h":         `write "once per 31d"`,
		"on changes":             `write "on change"`,
		"when changed":           `write "on change"`,
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

// What an error proposes must be right.
func FuzzParse(f *testing.F) {
	for _, form := range []string{"everytime", "max <n> times", "max 3 times per minute", "once per <duration>", "on change"} {
		f.Add(form)
	}
	f.Add("once every 3 hours")
	f.Add("max 3/week")
	f.Fuzz(func(t *testing.T, text string) {
		policy, err := ratelimit.Parse(text)
		if err == nil {
			if again, err := ratelimit.Parse(policy.String()); err != nil || again != policy {
				t.Errorf("%q is %q, which does not come back: %v", text, policy, err)
			}
			return
		}
		_, proposal, found := strings.Cut(err.Error(), `; write "`)
		if !found {
			t.Fatalf("%q: no proposal in %q", text, err)
		}
		proposal, _, _ = strings.Cut(proposal, `"`)
		if _, err := ratelimit.Parse(proposal); err != nil {
			t.Errorf("%q: the proposal is wrong: %v", text, err)
		}
	})
}
