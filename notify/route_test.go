package notify

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.ParseInLocation("2006-01-02 15:04", text, time.Local)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func TestMatch(t *testing.T) {
	night := Hours{22 * 60, 7 * 60}
	workdays := Weekdays(0b0111110)
	base := with(alarm("n232 is down"), func(a *Alarm) { a.Title = "节点失联" })
	for _, c := range []struct {
		name    string
		match   Match
		at      string // 2026-11-27 is a Friday
		ok      bool
		differs string
	}{
		{"everything", Match{}, "2026-11-27 12:00", true, ""},
		{"direction", Match{Directions: []string{"storage", "L*"}}, "2026-11-27 12:00", true, ""},
		{"other direction", Match{Directions: []string{"storage"}}, "2026-11-27 12:00", false, "direction LSF is not storage"},
		{"item", Match{Items: []string{"n?des"}}, "2026-11-27 12:00", true, ""},
		{"other item", Match{Items: []string{"a", "b*"}}, "2026-11-27 12:00", false, "item nodes is not a or b*"},
		{"level", Match{Levels: []record.Level{record.LevelFatal, record.LevelAlarm}}, "2026-11-27 12:00", true, ""},
		{"other level", Match{Levels: []record.Level{record.LevelFatal}}, "2026-11-27 12:00", false, "level Alarm is not Fatal"},
		{"title", Match{Title: regexp.MustCompile("失联$")}, "2026-11-27 12:00", true, ""},
		{"other title", Match{Title: regexp.MustCompile("^x")}, "2026-11-27 12:00", false, `title "节点失联" does not match ^x`},
		{"message", Match{Message: regexp.MustCompile(`n\d+ is`)}, "2026-11-27 12:00", true, ""},
		{"other message", Match{Message: regexp.MustCompile(`up`)}, "2026-11-27 12:00", false, "the message does not match up"},
		{"at night, from its first minute", Match{Hours: night}, "2026-11-27 22:00", true, ""},
		{"at night, in the morning", Match{Hours: night}, "2026-11-27 06:59", true, ""},
		{"not at its end", Match{Hours: night}, "2026-11-27 07:00", false, "Fri 07:00 is outside of its hours"},
		{"the night of Friday", Match{Hours: night, Weekdays: workdays}, "2026-11-28 03:00", true, ""},
		{"not that of Saturday", Match{Hours: night, Weekdays: workdays}, "2026-11-29 03:00", false, "Sun 03:00 is outside of its hours"},
		{"nor that of Sunday", Match{Hours: night, Weekdays: workdays}, "2026-11-30 03:00", false, "Mon 03:00 is outside of its hours"},
		{"but that of Monday", Match{Hours: night, Weekdays: workdays}, "2026-11-30 22:00", true, ""},
		{"a day", Match{Weekdays: 1 << time.Friday}, "2026-11-27 23:59", true, ""},
		{"another day", Match{Weekdays: 1 << time.Friday}, "2026-11-28 00:00", false, "Sat 00:00 is outside of its hours"},
		{"to midnight", Match{Hours: Hours{12 * 60, 24 * 60}}, "2026-11-27 23:59", true, ""},
	} {
		ok, differs := c.match.Matches(&base, at(t, c.at))
		if ok != c.ok || differs != c.differs {
			t.Errorf("%s: %v, %q", c.name, ok, differs)
		}
	}
}

// The end of a night is seven by the clock, also where the clock is changed.
func TestHoursOverAChangeOfTheClock(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("this machine has no time zones")
	}
	m := Match{Hours: Hours{22 * 60, 7 * 60}}
	for _, evening := range []time.Time{time.Date(2026, 3, 28, 23, 0, 0, 0, berlin), time.Date(2026, 10, 24, 23, 0, 0, 0, berlin), time.Date(2026, 10, 25, 2, 30, 0, 0, berlin)} {
		end, inside := m.window(evening)
		if !inside || end.Format("15:04") != "07:00" || end.Sub(evening) > 10*time.Hour {
			t.Errorf("of %v: until %v, %v", evening, end, inside)
		}
	}
}

// In the Azores the clock skips the hour from midnight on, in New York that
// from two on, where time.Date gives a time before; in Berlin one after it.
func TestHoursThatTheClockSkips(t *testing.T) {
	for _, c := range []struct {
		zone, now string
		hours     Hours
		weekdays  Weekdays
		end       string // "" for outside
	}{
		{"Atlantic/Azores", "2027-03-29T00:30:00Z", Hours{22 * 60, 7 * 60}, 0, "2027-03-29T07:00:00Z"},
		{"Atlantic/Azores", "2027-03-28T02:00:00Z", Hours{0, 7 * 60}, 1 << time.Sunday, "2027-03-28T07:00:00Z"},
		{"Atlantic/Azores", "2027-03-27T23:30:00-01:00", Hours{0, 7 * 60}, 0, ""},
		{"America/New_York", "2027-03-14T01:45:00-05:00", Hours{22 * 60, 2*60 + 30}, 0, "2027-03-14T03:00:00-04:00"},
		{"America/New_York", "2027-03-14T03:10:00-04:00", Hours{22 * 60, 2*60 + 30}, 0, ""},
		{"Europe/Berlin", "2027-03-28T01:45:00+01:00", Hours{22 * 60, 2*60 + 30}, 0, "2027-03-28T03:00:00+02:00"},
		{"Europe/Berlin", "2027-03-28T03:10:00+02:00", Hours{22 * 60, 2*60 + 30}, 0, ""},
		{"Europe/Berlin", "2027-03-28T23:59:00+02:00", Hours{20 * 60, 24 * 60}, 0, "2027-03-29T00:00:00+02:00"},
	} {
		location, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Skip("this machine has no time zones")
		}
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if end, inside := (&Match{Hours: c.hours, Weekdays: c.weekdays}).window(now.In(location)); inside {
			got = end.Format(time.RFC3339)
		}
		if got != c.end {
			t.Errorf("%s at %s, %v: until %q, want %q", c.zone, c.now, c.hours, got, c.end)
		}
	}
}

func TestPlan(t *testing.T) {
	lsf := Match{Directions: []string{"LSF"}}
	day := Match{Hours: Hours{8 * 60, 20 * 60}}
	send := func(channel string, receivers ...string) PlannedDelivery { return PlannedDelivery{channel, receivers} }
	for _, c := range []struct {
		name   string
		router Router
		want   Plan
	}{
		{"nothing configured", Router{}, Plan{Receivers: []string{"alice", "bob"}}},
		{"the usual way", Router{Usual: []string{"command"}}, Plan{Deliveries: []PlannedDelivery{send("command", "alice", "bob")}, Receivers: []string{"alice", "bob"}}},
		{"the first that matches", Router{Usual: []string{"command"}, Routes: []Route{
			{Match: Match{Directions: []string{"storage"}}, Channels: []string{"no"}}, {Match: lsf, Channels: []string{"mail"}}, {Channels: []string{"no"}},
		}}, Plan{Deliveries: []PlannedDelivery{send("mail", "alice", "bob")}, Receivers: []string{"alice", "bob"}}},
		{"and on", Router{Usual: []string{"command"}, Routes: []Route{
			{Match: lsf, Channels: []string{"mail"}, Receivers: []string{"carol", "bob"}, Frequency: "max 3 times", Continue: true},
			{Channels: []string{"mail", "chat"}, Receivers: []string{"dave"}, Replace: true, Frequency: "on change"},
		}}, Plan{
			Deliveries: []PlannedDelivery{send("mail", "alice", "bob", "carol", "dave"), send("chat", "dave")},
			Receivers:  []string{"alice", "bob", "carol", "dave"}, Frequency: "on change",
		}},
		{"a route without channels", Router{Usual: []string{"command"}, Routes: []Route{{Receivers: []string{"carol"}}}},
			Plan{Deliveries: []PlannedDelivery{send("command", "alice", "bob", "carol")}, Receivers: []string{"alice", "bob", "carol"}}},
		{"dropped", Router{Usual: []string{"command"}, Routes: []Route{{Match: lsf, Action: ActionDrop, Line: 7}}}, Plan{
			Deliveries: []PlannedDelivery{send("command", "alice", "bob")}, Receivers: []string{"alice", "bob"}, Action: ActionDrop, Reason: "route on line 7: alarms are dropped",
		}},
		{"held", Router{Usual: []string{"command"}, Quiet: []QuietHours{{Match: day, Action: ActionHold}}}, Plan{
			Deliveries: []PlannedDelivery{send("command", "alice", "bob")}, Receivers: []string{"alice", "bob"}, Action: ActionHold,
			Reason: "quiet hours until 20:00", Until: noon.Add(8 * time.Hour),
		}},
		{"excepted", Router{Usual: []string{"command"}, Quiet: []QuietHours{{Match: day, Action: ActionDrop, ExceptLevels: []record.Level{record.LevelAlarm}}}},
			Plan{Deliveries: []PlannedDelivery{send("command", "alice", "bob")}, Receivers: []string{"alice", "bob"}}},
	} {
		a := alarm("m")
		if c.want.Action == "" {
			c.want.Action = ActionSend
		}
		got := c.router.Plan(&a, noon)
		got.Steps = nil
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n%+v\n%+v", c.name, got, c.want)
		}
	}
}

// What is told is when an alarm goes, also where other hours go on where some end.
func TestTheEndOfAHold(t *testing.T) {
	hold := func(from, to int, days Weekdays) QuietHours {
		return QuietHours{Match: Match{Hours: Hours{from, to}, Weekdays: days}, Action: ActionHold}
	}
	only := func(q QuietHours, item string) QuietHours { q.Match.Items = []string{item}; return q }
	const weekend = 1<<time.Saturday | 1<<time.Sunday
	for _, c := range []struct {
		name          string
		quiet         []QuietHours
		routes        []Route
		at            string // 2026-11-27 is a Friday
		until, reason string
	}{
		{"one", []QuietHours{hold(0, 616, 0)}, nil, "2026-11-27 09:00", "2026-11-27 10:16", "quiet hours until 10:16"},
		{"one behind the other", []QuietHours{hold(0, 616, 0), hold(616, 660, 0)}, nil, "2026-11-27 09:00", "2026-11-27 11:00", "quiet hours until 11:00"},
		{"that overlap", []QuietHours{hold(0, 616, 0), hold(600, 660, 0)}, nil, "2026-11-27 09:00", "2026-11-27 11:00", "quiet hours until 11:00"},
		{"of another item", []QuietHours{hold(0, 616, 0), only(hold(616, 660, 0), "disks")}, nil, "2026-11-27 09:00", "2026-11-27 10:16", "quiet hours until 10:16"},
		{"days", []QuietHours{hold(0, 1440, weekend)}, nil, "2026-11-28 09:00", "2026-11-30 00:00", "quiet hours until 2026-11-30 00:00"},
		{"days and nights", []QuietHours{hold(0, 1440, weekend), hold(1320, 420, 0)}, nil, "2026-11-27 23:00", "2026-11-30 07:00", "quiet hours until 2026-11-30 07:00"},
		{"a route", []QuietHours{hold(0, 616, 0)}, []Route{{Match: hold(616, 660, 0).Match, Action: ActionHold}}, "2026-11-27 09:00", "2026-11-27 11:00", "quiet hours until 11:00"},
		{"always", []QuietHours{hold(0, 720, 0), hold(720, 1440, 0)}, nil, "2026-11-27 09:00", "2026-12-05 12:00", "quiet hours at least until 2026-12-05 12:00"},
	} {
		a := alarm("m")
		router := Router{Quiet: c.quiet, Routes: c.routes}
		plan := router.Plan(&a, at(t, c.at))
		until := ""
		if !plan.Until.IsZero() {
			until = plan.Until.Format("2006-01-02 15:04")
		}
		if plan.Action != ActionHold || until != c.until || plan.Reason != c.reason {
			t.Errorf("%s: %s until %q, %q", c.name, plan.Action, until, plan.Reason)
		}
		if sum := len(c.quiet) + len(c.routes); len(plan.Steps) != sum {
			t.Errorf("%s: %d steps for %d conditions", c.name, len(plan.Steps), sum)
		}
	}
}

func TestNobodyIsForgottenForWantOfAnAddress(t *testing.T) {
	contacts := Contacts{
		"alice": {"email": "alice@example.com", "phone": "1"}, "bob": {"sms": "2", "phone": "3"}, "admin": {"email": "admin@example.com"},
	}
	mail := ChannelSpec{Name: "mail", Type: "email", Settings: map[string]SettingValue{}}
	domain := ChannelSpec{Name: "mail", Type: "email", Settings: texts("domain", "example.org")}
	sms := ChannelSpec{Name: "sms", Type: "http", Settings: texts("url", "http://x/?to=<ADDRESS>")}
	bot := ChannelSpec{Name: "bot", Type: "wecom_bot"}
	for _, c := range []struct {
		spec      ChannelSpec
		receivers string
		to, note  string
	}{
		{mail, "alice carol@example.net", "alice <alice@example.com> carol@example.net <carol@example.net>", ""},
		{mail, "alice bob carol", "alice <alice@example.com> admin <admin@example.com>", "(for bob, carol, who have no address on mail)"},
		{mail, "bob", "admin <admin@example.com>", "(for bob, who has no address on mail)"},
		{domain, "alice bob", "alice <alice@example.com> bob <bob@example.org>", ""},
		{sms, "alice bob", "alice <1> bob <2>", ""},
		{sms, "admin", "", "(for admin, who has no address on sms)"},
		{bot, "alice carol", "alice <> carol <>", ""},
	} {
		kind, needed := Addressing(c.spec)
		guess := func(name string) (string, bool) { return AddressOf(c.spec, name) }
		to, note := contacts.Resolve(&c.spec, kind, needed, guess, strings.Fields(c.receivers), []string{"admin"})
		var got []string
		for _, r := range to {
			got = append(got, r.Name+" <"+r.Address+">")
		}
		if strings.Join(got, " ") != c.to || note != c.note {
			t.Errorf("%s on %s: %q, %q", c.receivers, c.spec.Name, got, note)
		}
	}
}

func TestCheckChannel(t *testing.T) {
	for _, c := range []struct {
		spec ChannelSpec
		want []string
	}{
		{ChannelSpec{Type: "emial"}, []string{" has the type"}},
		{ChannelSpec{Type: "email"}, []string{" has no smtp"}},
		{ChannelSpec{Type: "email", Settings: texts("smtp", "mail.example.com:587", "from", "x@example.com")}, nil},
		{ChannelSpec{Type: "email", Settings: texts("smtp", "smtp://mail", "encryption", "ssl", "from", "me", "usr", "x")},
			[]string{"encryption is not one", "from is no mail address", "smtp is no server", "usr is no setting"}},
		{ChannelSpec{Type: "wecom_bot", Settings: texts("key", "k", "rate", "often", "timeout", "0", "proxy", "x", "ca_file", "ca.pem", "base_url", "qyapi", "format", "html", "max_bytes", "1")},
			[]string{"base_url is a URL", "ca_file is no absolute", "format is no format", "max_bytes is no number", "proxy is a URL", "rate is no rate", "timeout is no time"}},
		{ChannelSpec{Type: "slack", Settings: texts("url", "hooks.example.com/x")}, []string{"url is a URL without"}},
		{ChannelSpec{Type: "slack", Settings: texts("url", "env:HOOK")}, nil},
		{ChannelSpec{Type: "http", Settings: texts("url", "http:///x", "method", "get", "success_status", "2xx", "body", "<MESAGE>", "per_receiver", "yes")},
			[]string{"body has the placeholder <MESAGE>", "method is not one", "per_receiver is not", "success_status is no range", "url is a URL without a host"}},
		{ChannelSpec{Type: "http", Settings: texts("url", "https://x/<ITEM>?t=<TITLE>", "body", "<b>x</b> <DATE-RANGE> a<b")}, []string{"body has the placeholder <DATE-RANGE>"}},
		{ChannelSpec{Type: "http", Settings: map[string]SettingValue{"url": {Text: "https://x"}, "headers": {Text: "a: b"}}}, []string{"headers is no group"}},
		{ChannelSpec{Type: "http", Settings: map[string]SettingValue{"url": {Text: "https://x"}, "headers": {Pairs: [][2]string{{"A b", "c"}}}}}, []string{"headers has a name"}},
	} {
		var got []string
		for _, p := range CheckChannel(c.spec) {
			got = append(got, p.Key+" "+p.Problem)
			if p.Hint == "" {
				t.Errorf("%s %s: no hint", p.Key, p.Problem)
			}
		}
		ok := len(got) == len(c.want)
		for i := range min(len(got), len(c.want)) {
			ok = ok && strings.HasPrefix(got[i], c.want[i])
		}
		if !ok {
			t.Errorf("%s: %q, want %q", c.spec.Type, got, c.want)
		}
		if _, err := NewChannel(c.spec, ChannelOptions{}); (err != nil) != (c.want != nil) {
			t.Errorf("%s: %v", c.spec.Type, err)
		}
	}
}

func FuzzTemplates(f *testing.F) {
	f.Add(`{"a": "<TITLE>"}`, "x\"y", `{"code": {"x": [1, "2"]}}`, "code.x.1")
	f.Fuzz(func(t *testing.T, body, message, answer, path string) {
		d := deliveryOf(message)
		values := templateValues(d, 1<<20)
		if got := fill(body, values, func(string) string { return "" }); len(got) > len(body) {
			t.Errorf("%q grew to %q", body, got)
		}
		_, _ = fieldOf([]byte(answer), path)
		_, _ = misspelt(body)
	})
}

// A route that drops an alarm by its message is not asked about the output of a run
// that fails, in which that alarm may stand.
func TestWhatDropsMessagesDoesNotLookAtOutput(t *testing.T) {
	match := Match{Message: regexp.MustCompile("only a test")}
	for _, c := range []struct {
		kind   Kind
		action Action
		want   Action
	}{
		{"", ActionDrop, ActionDrop},
		{KindFailure, ActionDrop, ActionSend},
		{KindReminder, ActionDrop, ActionSend},
		{KindFailure, ActionHold, ActionHold},
	} {
		a := alarm("LSF/nodes failed\nALARM: only a test")
		a.Kind = c.kind
		for name, r := range map[string]Router{
			"route": {Usual: []string{"mail"}, Routes: []Route{{Match: match, Action: c.action}}},
			"quiet": {Usual: []string{"mail"}, Quiet: []QuietHours{{Match: match, Action: c.action}}},
		} {
			if plan := r.Plan(&a, noon); plan.Action != c.want {
				t.Errorf("%s, kind %q: %s by a %s that would %s", name, c.kind, plan.Action, name, c.action)
			}
		}
	}
}
