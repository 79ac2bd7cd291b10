package viewer

import (
	"testing"
	"time"
)

func TestTimesToCome(t *testing.T) {
	now := time.Date(2024, 10, 25, 9, 30, 15, 500, time.UTC)
	for text, want := range map[string][2]string{ // the moment, and the end
		"18:30":               {"2024-10-25 18:30:00", "2024-10-25 18:30:00"},
		"9:00":                {"2024-10-26 09:00:00", "2024-10-26 09:00:00"},
		"09:30":               {"2024-10-26 09:30:00", "2024-10-26 09:30:00"},
		"23:59:59":            {"2024-10-25 23:59:59", "2024-10-25 23:59:59"},
		"Tomorrow":            {"2024-10-26 00:00:00", "2024-10-27 00:00:00"},
		" tomorrow  08:00 ":   {"2024-10-26 08:00:00", "2024-10-26 08:00:00"},
		"today":               {"2024-10-25 00:00:00", "2024-10-26 00:00:00"},
		"today 18:30":         {"2024-10-25 18:30:00", "2024-10-25 18:30:00"},
		"2024-10-26":          {"2024-10-26 00:00:00", "2024-10-27 00:00:00"},
		"2024-10-26 08:00":    {"2024-10-26 08:00:00", "2024-10-26 08:00:00"},
		"2024-10-26T08:00:05": {"2024-10-26 08:00:05", "2024-10-26 08:00:05"},
	} {
		at, err := ParseMoment("at", text, now)
		end, endErr := ParseEnd("until", text, now)
		if err != nil || endErr != nil || at.Format(time.DateTime) != want[0] || end.Format(time.DateTime) != want[1] {
			t.Errorf("%q: %v, %v; %v, %v", text, at, err, end, endErr)
		}
	}
	for _, text := range []string{"", "25:00", "18", "18:3", "18:30 tomorrow", "tomorrow soon", "18: 30", "someday", "yesterday", "today 08:00", "now", "1h"} {
		if end, err := ParseEnd("until", text, now); err == nil {
			t.Errorf("%q: until %v", text, end)
		}
	}
	if at, err := ParseMoment("at", "1h", now); err != nil || !at.Equal(now.Add(-time.Hour)) {
		t.Errorf("1h: %v, %v", at, err)
	}
}
