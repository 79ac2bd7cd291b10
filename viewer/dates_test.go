package viewer

import (
	"errors"
	"testing"
	"time"
)

func TestParseRange(t *testing.T) {
	shanghai := time.FixedZone("CST", 8*3600)
	now := time.Date(2024, 10, 25, 9, 30, 15, 500, shanghai)
	at := func(text string) time.Time {
		parsed, err := time.ParseInLocation("2006-01-02 15:04:05", text, shanghai)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	tomorrow := at("2024-10-26 00:00:00")
	tests := []struct {
		begin, end string
		from, to   time.Time
	}{
		{"", "", now.AddDate(0, 0, -7), tomorrow},
		{"7d", "", now.AddDate(0, 0, -7), tomorrow},
		{"2w", "1d", now.AddDate(0, 0, -14), now.AddDate(0, 0, -1)},
		{"12h", "30m", now.Add(-12 * time.Hour), now.Add(-30 * time.Minute)},
		{"90s", "", now.Add(-90 * time.Second), tomorrow},
		{"today", "", at("2024-10-25 00:00:00"), tomorrow},
		{"yesterday", "yesterday", at("2024-10-24 00:00:00"), at("2024-10-25 00:00:00")},
		{"Today", "now", at("2024-10-25 00:00:00"), now.Add(1)},
		{"2024-10-01", "2024-10-01", at("2024-10-01 00:00:00"), at("2024-10-02 00:00:00")},
		{"20241001", "20241031", at("2024-10-01 00:00:00"), at("2024-11-01 00:00:00")},
		{"2024-10-01 08:00", "2024-10-01 09:30", at("2024-10-01 08:00:00"), at("2024-10-01 09:31:00")},
		{"2024-10-01T08:00", " 2024-10-31 23:59:59 ", at("2024-10-01 08:00:00"), at("2024-11-01 00:00:00")},
		{"2024-10-01T00:00:00Z", "2024-10-01T01:00:00.5Z", at("2024-10-01 08:00:00"), at("2024-10-01 09:00:00").Add(500*time.Millisecond + 1)},
		{"", "2024-10-01", at("2024-09-25 00:00:00"), at("2024-10-02 00:00:00")},
	}
	for _, test := range tests {
		from, to, err := ParseRange(test.begin, test.end, now)
		if err != nil || !from.Equal(test.from) || !to.Equal(test.to) {
			t.Errorf("ParseRange(%q, %q) = %v, %v, %v; want %v, %v", test.begin, test.end, from, to, err, test.from, test.to)
		}
	}
}

func TestParseRangeAcrossDST(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zones here: ", err)
	}
	now := time.Date(2024, 10, 27, 12, 0, 0, 0, berlin)
	from, to, err := ParseRange("2024-10-27", "2024-10-27", now)
	if err != nil || to.Sub(from) != 25*time.Hour {
		t.Errorf("the day on which clocks go back: %v to %v, %v", from, to, err)
	}
	if from, _, err = ParseRange("1d", "", now); err != nil || from.Hour() != 12 || from.Day() != 26 {
		t.Errorf("a day before: %v, %v", from, err)
	}
}

func TestParseRangeRefuses(t *testing.T) {
	now := time.Date(2024, 10, 25, 9, 30, 0, 0, time.UTC)
	tests := []struct{ begin, end, name, problem string }{
		{"2024-02-30", "", "begin", "there is no such date"},
		{"2024-13-01 08:00", "", "begin", "there is no such date"},
		{"", "2024-10-25 25:00", "end", "there is no such date"},
		{"last week", "", "begin", "is not a date"},
		{"25.10.2024", "", "begin", "is not a date"},
		{"7", "", "begin", "is not a date"},
		{"-7d", "", "begin", "is not a date"},
		{"+7d", "", "begin", "is not a date"},
		{"7x", "", "begin", "is not a date"},
		{"99999999d", "", "begin", "is not a date"},
		{"99999999999999999999h", "", "begin", "is not a date"},
		{"2024-10-26", "2024-10-25", "begin", "is not before the end, 2024-10-25"},
		{"1d", "2d", "begin", "is not before the end, 2d"},
		{"2024-10-26", "", "begin", "is in the future"},
		{"", "", "", ""},
	}
	for _, test := range tests {
		_, _, err := ParseRange(test.begin, test.end, now)
		if test.problem == "" && err == nil {
			continue
		}
		wrong, ok := errors.AsType[*InputError](err)
		if !ok || wrong.Name != test.name || wrong.Problem != test.problem || wrong.Hint == "" {
			t.Errorf("ParseRange(%q, %q): %v; want %s: %s", test.begin, test.end, err, test.name, test.problem)
		}
	}
}
