package heartbeat

import (
	"slices"
	"testing"
)

func TestWordsThatAreNearlyASchedule(t *testing.T) {
	// Of the words that differ from a known one in one letter.
	nearest := func(word string, known []string) string {
		i := slices.IndexFunc(known, func(k string) bool {
			if len(k) == len(word) {
				different := 0
				for i := range len(k) {
					if k[i] != word[i] {
						different++
					}
				}
				return different == 1
			}
			for i := range len(k) {
				if k[:i]+k[i+1:] == word {
					return true
				}
			}
			return false
		})
		if i < 0 {
			return ""
		}
		return known[i]
	}
	tests := []struct {
		text   string
		begins bool
		near   string
	}{
		{"every mondey 03:00", true, "every monday 03:00"},
		{"every day 25:00", true, "every day 23:00"},
		{"daily 7:75", true, "daily 07:59"},
		{"every 10 minuts", true, "every 10 minutes"},
		{"Every 10 Minuts", true, "every 10 minutes"},
		{"ｅｖｅｒｙ 2 ours", true, "every 2 hours"},
		{"每十分种", true, "每十分"},
		{"工作日 25:00", true, "工作日 23:00"},
		{"every time it rains", true, ""},
		{"once it's there", true, ""},
		{"when it rains", false, ""},
		{"everything", false, ""},
		{"", false, ""},
	}
	for _, test := range tests {
		if isSchedule(test.text) {
			t.Errorf("%q is one", test.text)
		}
		if got := BeginsLikeWords(test.text); got != test.begins {
			t.Errorf("%q begins like one: %v", test.text, got)
		}
		if got := NearestWords(test.text, nearest); got != test.near {
			t.Errorf("%q is near %q, want %q", test.text, got, test.near)
		}
	}
}

func FuzzNearestWords(f *testing.F) {
	f.Add("every mondey 25:00")
	f.Add("每十分种'")
	f.Fuzz(func(t *testing.T, text string) {
		near := NearestWords(text, func(word string, known []string) string { return known[len(word)%len(known)] })
		if near != "" && !isSchedule(near) {
			t.Errorf("%q is near %q, which is none", text, near)
		}
	})
}

func TestNearestBeginning(t *testing.T) {
	first := func(string, []string) string { return "every" }
	for text, want := range map[string]string{"evry 10 minutes": "every 10 minutes", "every 10 minutes": "", "evry now and then": ""} {
		if got := NearestBeginning(text, first); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for _, begin := range beginnings {
		if !BeginsLikeWords(begin) {
			t.Errorf("nothing begins with %s", begin)
		}
	}
}
