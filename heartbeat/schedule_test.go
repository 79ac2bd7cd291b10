package heartbeat

import (
	"errors"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

const wallLayout = "2006-01-02 15:04:05"

func at(t testing.TB, zone *time.Location, text string) time.Time {
	t.Helper()
	if len(text) == len("2006-01-02 15:04") {
		text += ":00"
	}
	moment, err := time.ParseInLocation(wallLayout, text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func location(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// What is due after a heartbeat on Thursday, 26 November 2026, 10:00.
func TestDue(t *testing.T) {
	zone := location(t, "Asia/Shanghai")
	for _, test := range []struct{ schedule, begin, end string }{
		{"*/10 * * * *", "2026-11-26 10:10", ""},
		{"0 3 * * *", "2026-11-27 03:00", ""},
		{"30 8-18/2 * * 1-5", "2026-11-26 10:30", ""},
		{"0 0 * * 7", "2026-11-29 00:00", ""},
		{"0 0 * * sun", "2026-11-29 00:00", ""},
		{"15 6 * * fri-sun", "2026-11-27 06:15", ""},
		{"0 0 1 jan,jul *", "2027-01-01 00:00", ""},
		{"0 0 29 2 *", "2028-02-29 00:00", ""},
		{"0 12 1 * mon", "2026-11-30 12:00", ""},   // the first of the month, or a Monday
		{"0 12 */2 * mon", "2026-12-07 12:00", ""}, // an odd day that is a Monday
		{"0 12 1 * THU", "2026-11-26 12:00", ""},   // as with any other name
		{"H 12 1,15 * THU", "2027-04-01 12:00", "2027-04-01 12:59"},
		{"30 0 10 * * *", "2026-11-27 10:00:30", ""},
		{"*/15 0 10 * * *", "2026-11-26 10:00:15", ""},
		{"@daily", "2026-11-27 00:00", ""},
		{"@hourly", "2026-11-26 11:00", ""},
		{"@weekly", "2026-11-29 00:00", ""},
		{"@every 90m", "2026-11-26 11:30", ""},
		{"CRON_TZ=UTC 0 4 * * *", "2026-11-26 12:00", ""},
		{"TZ=Europe/Berlin 0 3 * * *", "2026-11-27 10:00", ""},
		{"TZ=UTC\nH 4 * * *", "2026-11-26 12:00", "2026-11-26 12:59"},
		{"H * * * *", "2026-11-26 11:00", "2026-11-26 11:59"},
		{"H/15 * * * *", "2026-11-26 10:15", "2026-11-26 10:29"},
		{"H H * * *", "2026-11-27 00:00", "2026-11-27 23:59"},
		{"H H(0-7) * * *", "2026-11-27 00:00", "2026-11-27 07:59"},
		{"H(0-29) 12 * * *", "2026-11-26 12:00", "2026-11-26 12:29"},
		{"H H * * H", "2026-11-29 00:00", "2026-12-05 23:59"},
		{"H H H * *", "2026-12-01 00:00", "2026-12-28 23:59"},
		{"H 4 1,15 * *", "2026-12-01 04:00", "2026-12-01 04:59"},

		{"every 10 minutes", "2026-11-26 10:10", ""},
		{"every minute", "2026-11-26 10:01", ""},
		{"Every 5 mins", "2026-11-26 10:05", ""},
		{"10 min", "2026-11-26 10:10", ""},
		{"10min", "2026-11-26 10:10", ""},
		{"every hour", "2026-11-26 11:00", ""},
		{"hourly", "2026-11-26 11:00", ""},
		{"every 2 hours", "2026-11-26 12:00", ""},
		{"once a day", "2026-11-27 10:00", ""},
		{"daily", "2026-11-27 10:00", ""},
		{"1 time per day", "2026-11-27 10:00", ""},
		{"every other day", "2026-11-28 10:00", ""},
		{"once a week", "2026-12-03 10:00", ""},
		{"once a month", "2026-12-26 10:00", ""},
		{"every monday 03:00", "2026-11-30 03:00", ""},
		{"every Monday at 3am", "2026-11-30 03:00", ""},
		{"Mondays and Thursdays, 15:30", "2026-11-26 15:30", ""},
		{"mon-fri 9:00", "2026-11-27 09:00", ""},
		{"weekdays at 18:30", "2026-11-26 18:30", ""},
		{"every weekend", "2026-11-28 00:00", "2026-11-28 23:59"},
		{"every day at 8:00 and 20:00", "2026-11-26 20:00", ""},
		{"daily at 11pm", "2026-11-26 23:00", ""},
		{"at noon", "2026-11-26 12:00", ""},
		{"on the 1st of every month at 02:00", "2026-12-01 02:00", ""},
		{"every 30 minutes on weekdays", "2026-11-26 10:30", "2026-11-26 10:59"},
		{"every hour from 9:00 to 18:00", "2026-11-26 11:00", "2026-11-26 11:59"},

		{"every second day", "2026-11-28 10:00", ""},
		{"every working day at 9:00", "2026-11-27 09:00", ""},
		{"every week day 9:00", "2026-11-27 09:00", ""},
		{"nightly at 3:00 a.m.", "2026-11-27 03:00", ""},
		{"1st day of each month", "2026-12-01 00:00", "2026-12-01 23:59"},
		{"every 10 minutes from 10:30 to 18:15", "2026-11-26 11:00", "2026-11-26 11:09"},
		{"every hour of the day", "2026-11-26 11:00", ""},

		{"每10分钟", "2026-11-26 10:10", ""},
		{"每隔10分钟执行一次", "2026-11-26 10:10", ""},
		{"每１０分钟", "2026-11-26 10:10", ""},
		{"每十五分钟一次", "2026-11-26 10:15", ""},
		{"每半小时", "2026-11-26 10:30", ""},
		{"每小时", "2026-11-26 11:00", ""},
		{"每2个小时运行一次", "2026-11-26 12:00", ""},
		{"每天一次", "2026-11-27 10:00", ""},
		{"每天", "2026-11-27 10:00", ""},
		{"一天一次", "2026-11-27 10:00", ""},
		{"每周一次", "2026-12-03 10:00", ""},
		{"每周一 03:00", "2026-11-30 03:00", ""},
		{"每星期天凌晨3点", "2026-11-29 03:00", ""},
		{"每周一、三、五 8点半", "2026-11-27 08:30", ""},
		{"周一至周五 9点", "2026-11-27 09:00", ""},
		{"工作日每天18:30", "2026-11-26 18:30", ""},
		{"每天凌晨2点30分", "2026-11-27 02:30", ""},
		{"每天下午3点", "2026-11-26 15:00", ""},
		{"每天晚上11点", "2026-11-26 23:00", ""},
		{"每天晚上12点", "2026-11-27 00:00", ""},
		{"每天晚上1点", "2026-11-27 01:00", ""},
		{"每天夜里11点", "2026-11-26 23:00", ""},
		{"每天凌晨12点", "2026-11-27 00:00", ""},
		{"每天中午11点半", "2026-11-26 11:30", ""},
		{"每天中午1点", "2026-11-26 13:00", ""},
		{"每天上午9点到下午6点每小时", "2026-11-26 11:00", "2026-11-26 11:59"},
		{"每天每小时一次", "2026-11-26 11:00", ""},
		{"每月1号 02:00", "2026-12-01 02:00", ""},
		{"每月15日", "2026-12-15 00:00", "2026-12-15 23:59"},
		{"每月一次", "2026-12-26 10:00", ""},
	} {
		s, err := Parse(test.schedule)
		if err != nil {
			t.Error(err)
			continue
		}
		due, _, ok := s.Due([]time.Time{at(t, zone, "2026-11-26 10:00")}, zone)
		if test.end == "" {
			test.end = test.begin
		}
		if want := (Window{at(t, zone, test.begin), at(t, zone, test.end)}); !ok || !due.Begin.Equal(want.Begin) || !due.End.Equal(want.End) {
			t.Errorf("%q: due %v to %v, want %s to %s", test.schedule, due.Begin.In(zone), due.End.In(zone), test.begin, test.end)
		}
	}
}

// Twice a day may be at 8:00 and 18:00.
func TestDueOfSeveralTimesADay(t *testing.T) {
	for _, text := range []string{"twice a day", "2 times per day", "每天两次", "每日2次"} {
		s, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		beats := []time.Time{at(t, time.UTC, "2026-11-25 18:00"), at(t, time.UTC, "2026-11-26 08:00")}
		due, _, ok := s.Due(beats, time.UTC)
		if want := at(t, time.UTC, "2026-11-26 18:00"); !ok || !due.Begin.Equal(want) {
			t.Errorf("%s: due %v, want %v", text, due.Begin, want)
		}
	}
}

func TestScheduleFaults(t *testing.T) {
	for _, test := range []struct{ schedule, want string }{
		{"", "empty"},
		{"0 0 30 2 *", "never comes due"},
		{"60 * * * *", `minute "60": write numbers from 0 to 59`},
		{"* 24 * * *", "hour"},
		{"* * 0 * *", "day of the month"},
		{"* * * 13 *", "or names such as feb"},
		{"* * * * 8", "day of the week"},
		{"*/0 * * * *", "the step"},
		{"30-10 * * * *", "upside down"},
		{"H(5) * * * *", "H(LOW-HIGH)"},
		{"1 2 3 4 5 6 7", "neither"},
		{"@dayly", "@dayly is not known"},
		{"@every 10", "@every takes"},
		{"CRON_TZ=Mars/Base 0 3 * * *", `time zone "Mars/Base"`},
		{"whenever it likes", "neither"},
		{"every", "neither"},
		{"every -5 minutes", "neither"},
		{"* * * *", "neither"},
		{"every 0 minutes", "0 is no number of times"},
		{"尽快", "neither"},
		{strings.Repeat("every day ", 100), "neither"},
	} {
		_, err := Parse(test.schedule)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.schedule, err, test.want)
		}
	}
	if _, err := Parse("0 0 30 2 *"); !errors.Is(err, ErrNever) {
		t.Errorf("0 0 30 2 *: %v", err)
	}
}

// Words that a rule could be made of, and that mean another one, or more than one:
// their schedule is learned instead.
func TestDoubtfulWords(t *testing.T) {
	for _, text := range []string{
		"every 1 hour 30 minutes", "1h30m", "every 30 minutes to 1 hour", "每小时10分", "每天1次,每次5分钟",
		"every 2nd day", "every 5th minute", "1st monday of every month", "monthly on monday", "1st to 5th of each month", "每月1号到5号",
		"every 3 months on the 1st", "每3个月1号", "once a year on the 1st", "每年1月1日",
		"once a week on weekdays", "once a month on a weekday", "twice a day on weekdays", "twice a day at 9:00", "每周五天",
		"daily between 22:00 and 06:00", "every 10 minutes at night", "每天晚上每10分钟", "every evening at 8:30", "every night at 11:30", "每晚9点",
		"every 10 minutes in working hours", "business hours every hour", "7x24小时", "每天一两次", "每隔一天", "500 ms",
		"every hour, never on weekends", "每天一次, 周末手动",
	} {
		if s, err := Parse(text); err == nil {
			due, ok := s.Next(at(t, time.UTC, "2026-11-26 10:00"), time.UTC)
			t.Errorf("%q is read as %T, due %v to %v, %v", text, s.rule, due.Begin, due.End, ok)
		}
	}
}

func TestUnscheduled(t *testing.T) {
	for _, text := range []string{"@reboot", "manual", "on demand", "手动", "按需执行"} {
		s, err := Parse(text)
		if err != nil || s.Expects() {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if _, _, ok := s.Due([]time.Time{at(t, time.UTC, "2026-11-26 10:00")}, time.UTC); ok {
			t.Errorf("%s is due", text)
		}
	}
}

// In spring the clock goes from 2:00 to 3:00, in autumn from 3:00 to 2:00.
func TestDueOverDaylightSaving(t *testing.T) {
	berlin := location(t, "Europe/Berlin")
	utc := func(text string) time.Time { return at(t, time.UTC, text) }
	for _, test := range []struct {
		schedule   string
		last       time.Time
		begin, end time.Time
	}{
		// 2:30 of 29 March does not exist, the next is on the 30th.
		{"30 2 * * *", utc("2026-03-28 01:30"), utc("2026-03-30 00:30"), utc("2026-03-30 00:30")},
		{"30 3 * * *", utc("2026-03-28 02:30"), utc("2026-03-29 01:30"), utc("2026-03-29 01:30")},
		{"*/30 * * * *", utc("2026-03-29 00:30"), utc("2026-03-29 01:00"), utc("2026-03-29 01:00")},
		// 2:30 of 25 October is there twice; the first or the second is as good.
		{"30 2 * * *", utc("2026-10-24 00:30"), utc("2026-10-25 00:30"), utc("2026-10-25 01:30")},
		{"30 2 * * *", utc("2026-10-25 00:30"), utc("2026-10-26 01:30"), utc("2026-10-26 01:30")},
		{"30 2 * * *", utc("2026-10-25 01:30"), utc("2026-10-26 01:30"), utc("2026-10-26 01:30")},
		{"30 3 * * *", utc("2026-10-24 01:30"), utc("2026-10-25 02:30"), utc("2026-10-25 02:30")},
		{"once a day", utc("2026-10-24 04:00"), utc("2026-10-25 05:00"), utc("2026-10-25 05:00")},
	} {
		s, err := Parse(test.schedule)
		if err != nil {
			t.Fatal(err)
		}
		due, _, ok := s.Due([]time.Time{test.last}, berlin)
		if !ok || !due.Begin.Equal(test.begin) || !due.End.Equal(test.end) {
			t.Errorf("%q after %v: due %v to %v, want %v to %v", test.schedule, test.last.In(berlin), due.Begin.UTC(), due.End.UTC(), test.begin, test.end)
		}
	}
}

// A host whose clock is some seconds behind starts before the time.
func TestEarlyHeartbeatCounts(t *testing.T) {
	for _, text := range []string{"0 3 * * *", "H 3 * * *"} {
		s, _ := Parse(text)
		due, _, _ := s.Due([]time.Time{at(t, time.UTC, "2026-11-26 02:59:58")}, time.UTC)
		if want := at(t, time.UTC, "2026-11-27 03:00"); !due.Begin.Equal(want) {
			t.Errorf("%s: due %v, want %v", text, due.Begin, want)
		}
	}
}

// At the end of a window a heartbeat is that window's, and not the next one's.
func TestHeartbeatAtTheEndOfItsWindow(t *testing.T) {
	for _, test := range []struct{ schedule, last, want string }{
		{"H H * * *", "2026-11-25 23:30", "2026-11-26 23:59"},
		{"H H * * *", "2026-11-25 00:00", "2026-11-26 23:59"},
		{"H * * * *", "2026-11-26 09:58", "2026-11-26 10:59"},
		{"H/15 * * * *", "2026-11-26 10:14", "2026-11-26 10:29"},
		{"H H * * 1-5", "2026-11-26 23:30", "2026-11-27 23:59"},
		{"H H * * 1-5", "2026-11-27 23:30", "2026-11-30 23:59"},
	} {
		s, err := Parse(test.schedule)
		if err != nil {
			t.Fatal(err)
		}
		due, _, _ := s.Due([]time.Time{at(t, time.UTC, test.last)}, time.UTC)
		if got := due.End.Format("2006-01-02 15:04"); got != test.want {
			t.Errorf("%s after %s: due until %s, want %s", test.schedule, test.last, got, test.want)
		}
	}
}

func TestMissed(t *testing.T) {
	s, _ := Parse("*/10 * * * *")
	last := []time.Time{at(t, time.UTC, "2026-11-26 10:00")}
	for now, want := range map[string]int{"2026-11-26 10:10": 0, "2026-11-26 10:14": 0, "2026-11-26 10:16": 1, "2026-11-26 11:06": 6, "2026-12-26 11:06": 50} {
		if got := s.Missed(last, time.UTC, at(t, time.UTC, now), 50); got != want {
			t.Errorf("at %s: missed %d, want %d", now, got, want)
		}
	}
}

func TestPrevious(t *testing.T) {
	zone := location(t, "Europe/Berlin")
	for schedule, want := range map[string]string{
		"*/10 * * * *": "2026-10-25 09:50", "30 2 * * *": "2026-10-25 02:30", "0 0 29 2 *": "2024-02-29 00:00", "every monday 03:00": "2026-10-19 03:00",
		"H 4 * * *": "2026-10-25 04:00", "@every 10m": "", "once a day": "", "@reboot": "",
	} {
		s, err := Parse(schedule)
		if err != nil {
			t.Fatal(err)
		}
		due, ok := s.Previous(at(t, zone, "2026-10-25 10:00"), zone)
		if got := due.Begin.In(zone).Format("2006-01-02 15:04"); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %s, want %s", schedule, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"*/10 * * * *", "CRON_TZ=UTC H H(0-7) * * *", "@every 10m", "every monday 03:00", "每周一、三 凌晨3点半", "0 0 29 2 *", "twice a day", "H/7 H * * H"} {
		f.Add(seed, int64(1_790_000_000))
	}
	f.Fuzz(func(t *testing.T, text string, seconds int64) {
		if len(text) > 200 {
			return
		}
		s, err := Parse(text)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("an error without a word")
			}
			return
		}
		last := time.Unix(seconds%(1<<33), 0)
		due, grace, ok := s.Due([]time.Time{last}, time.UTC)
		if ok && (!due.Begin.After(last) || due.End.Before(due.Begin) || grace <= 0) {
			t.Errorf("%q after %v: due %v to %v, grace %v", text, last, due.Begin, due.End, grace)
		}
	})
}

// A window that has begun is due at its end.
func TestWindowNext(t *testing.T) {
	begin := time.Date(2026, 11, 26, 22, 0, 0, 0, time.UTC)
	w := Window{Begin: begin, End: begin.Add(time.Hour)}
	if got := w.Next(begin.Add(-time.Second)); got != w.Begin {
		t.Errorf("before it begins: %v", got)
	}
	if got := w.Next(begin.Add(18 * time.Minute)); got != w.End {
		t.Errorf("within it: %v", got)
	}
}
