package heartbeat

import (
	"strings"
	"testing"
	"time"
)

func TestLoadZone(t *testing.T) {
	winter, summer := time.Date(2024, 1, 15, 12, 0, 0, 0, time.UTC), time.Date(2024, 7, 15, 12, 0, 0, 0, time.UTC)
	tests := []struct{ zone, winter, summer string }{
		{"CST-8", "20:00 CST", "20:00 CST"},
		{"UTC0", "12:00 UTC", "12:00 UTC"},
		{"UTC-10", "22:00 UTC", "22:00 UTC"},
		{"<+0530>-5:30", "17:30 +0530", "17:30 +0530"},
		{"<-03>3", "09:00 -03", "09:00 -03"},
		{"EST5EDT,M3.2.0,M11.1.0", "07:00 EST", "08:00 EDT"},
		{"CET-1CEST,M3.5.0,M10.5.0/3", "13:00 CET", "14:00 CEST"},
		{"CET-1CEST-2,J90/02:00,J300/3", "13:00 CET", "14:00 CEST"},
		{"AEST-10AEDT,M10.1.0,M4.1.0/3", "23:00 AEDT", "22:00 AEST"},
		{"XST5XDT", "07:00 XST", "08:00 XDT"}, // by the rules of the United States
		{"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "10:00 -02", "11:00 -01"},
		{"Asia/Shanghai", "20:00 CST", "20:00 CST"},
	}
	for _, test := range tests {
		zone, err := LoadZone(test.zone)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := winter.In(zone).Format("15:04 MST"); got != test.winter {
			t.Errorf("%s: in winter %s, want %s", test.zone, got, test.winter)
		}
		if got := summer.In(zone).Format("15:04 MST"); got != test.summer {
			t.Errorf("%s: in summer %s, want %s", test.zone, got, test.summer)
		}
	}
	for _, none := range []string{"Nowhere/X", "Nowhere-1/2", "CST", "C8", "CST-25", "CST-8\n", "CST-8 ", "<+05-5", "EST5EDT,", "EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,J999,J1", "5", "-", "<>5"} {
		if zone, err := LoadZone(none); err == nil {
			t.Errorf("%q is taken for the zone %v", none, zone)
		}
	}
}

func FuzzLoadZone(f *testing.F) {
	f.Add("CST-8")
	f.Add("<+0530>-5:30")
	f.Add("EST5EDT,M3.2.0/-167,365/167")
	f.Fuzz(func(t *testing.T, name string) {
		zone, err := LoadZone(name)
		if err != nil {
			return
		}
		for _, year := range []int{1, 1970, 2024, 9999} {
			if text := time.Date(year, 3, 10, 2, 30, 0, 0, zone).Format(time.RFC3339); strings.Contains(text, unread) {
				t.Errorf("%q: %s", name, text)
			}
		}
	})
}
