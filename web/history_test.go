package web

import (
	"fmt"
	"html"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// golden compares with a file of testdata; UPDATE=1 writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%s differs: %v\n%s", name, err, got)
	}
}

func written(write func(m *markup)) string {
	m := &markup{page: page{Lang: langEnglish}}
	write(m)
	return m.String()
}

// ownScripts are those that a page asks for itself.
var ownScripts = regexp.MustCompile(`<script defer src="/static/[a-z.]+\?v=[0-9a-f]+"></script>`)

var hostile = record.Item{Direction: "主机", Name: `a%<b>"?#x'`}

func calendarOf(year int, today time.Time, counts map[string]dayCount) *calendarView {
	return &calendarView{Item: hostile, Year: year, Today: today, Counts: counts, Years: []int{today.Year()}}
}

// The picture of a year, of which a part is to come.
func TestCalendarGolden(t *testing.T) {
	v := calendarOf(2024, time.Date(2024, 3, 10, 23, 0, 0, 0, time.UTC), map[string]dayCount{
		"20240101": {beats: 1}, "20240229": {beats: 144, failed: 2}, "20240301": {beats: 36}, "20240302": {beats: 72}, "20240310": {beats: 100},
	})
	golden(t, "calendar.golden", written(v.write))
}

// Each day is there once, in a column and a row of its own, in every year and zone.
func TestCalendarDays(t *testing.T) {
	square := regexp.MustCompile(`<title>(\d{4}-\d\d-\d\d)[^<]*</title><rect class="square[^"]*" x="(\d+)" y="(\d+)"`)
	zones := []string{"UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Shanghai", "Pacific/Apia"}
	for year, want := range map[int]struct{ days, columns int }{
		2011: {365, 53}, 2012: {366, 54}, 2018: {365, 53}, 2023: {365, 53}, 2024: {366, 53}, 2026: {365, 53}, 2040: {366, 54},
	} {
		for _, name := range zones {
			zone, err := time.LoadLocation(name)
			if err != nil {
				t.Skip(err)
			}
			picture := written(calendarOf(year, time.Date(year+1, 1, 1, 0, 30, 0, 0, zone), nil).writePicture)
			days, places := map[string]bool{}, map[string]bool{}
			for _, found := range square.FindAllStringSubmatch(picture, -1) {
				days[found[1]], places[found[2]+","+found[3]] = true, true
			}
			width := fmt.Sprintf(`viewBox="0 0 %d `, calendarLeft+want.columns*dayPitch)
			if len(days) != want.days || len(places) != want.days || !strings.Contains(picture, width) {
				t.Errorf("%d in %s: %d days at %d places, %.120s", year, name, len(days), len(places), picture)
			}
		}
	}
}

func TestShades(t *testing.T) {
	for _, test := range []struct{ beats, full, want int }{
		{0, 100, 0}, {1, 100, 1}, {25, 100, 1}, {26, 100, 2}, {75, 100, 3}, {100, 100, 4}, {5000, 100, 4}, {1, 1, 4}, {0, 0, 0},
	} {
		if got := shadeOf(test.beats, test.full); got != test.want {
			t.Errorf("%d of %d: %d", test.beats, test.full, got)
		}
	}
	counts := map[string]dayCount{"20240101": {beats: 100_000}}
	for day := range 28 {
		counts[fmt.Sprintf("202402%02d", day+1)] = dayCount{beats: 24}
	}
	if full := calendarOf(2024, time.Now(), counts).full(); full != 24 {
		t.Errorf("one busy day makes the others pale: %d", full)
	}
}

func testRuns() []viewer.Run {
	begin := time.Date(2026, 11, 25, 22, 0, 0, 0, time.UTC)
	var runs []viewer.Run
	for i, run := range []viewer.Run{
		{State: viewer.RunBeat}, {State: viewer.RunOK, Duration: 90 * time.Second}, {State: viewer.RunFailed, Duration: 200 * time.Second},
		{State: viewer.RunSkipped}, {State: viewer.RunLost}, {State: viewer.RunUnknown}, {State: viewer.RunOK, Duration: time.Millisecond},
		{State: viewer.RunRunning, Duration: 30 * time.Second},
	} {
		run.Begin = begin.Add(time.Duration(i) * time.Hour)
		if run.State != viewer.RunBeat {
			run.ID = fmt.Sprintf(`r%d"<script>`, i)
		}
		if run.State == viewer.RunFailed {
			run.Fields = []record.Field{{Key: "exit_code", Value: []byte("3")}, {Key: "cause", Value: []byte(`"<script>"`)}}
		}
		runs = append(runs, run)
	}
	return runs
}

func TestTimelineGolden(t *testing.T) {
	golden(t, "timeline.golden", written(timelineView{Runs: testRuns(), Zone: time.FixedZone("CST", 8*3600)}.write))
}

// On the day on which clocks are set back an hour comes twice; both runs are there.
func TestTimelineOverTheChangeOfClocks(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	at := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)
	v := timelineView{Zone: berlin, Runs: []viewer.Run{{ID: "a", State: viewer.RunOK, Begin: at}, {ID: "b", State: viewer.RunOK, Begin: at.Add(time.Hour)}}}
	if picture := written(v.writePicture); strings.Count(picture, "<title>2026-10-25 02:30:00 · ok") != 2 {
		t.Error(picture)
	}
}

func TestScale(t *testing.T) {
	for length, want := range map[time.Duration]time.Duration{
		3 * time.Millisecond: time.Millisecond, 700 * time.Millisecond: 200 * time.Millisecond, 9 * time.Second: 2 * time.Second,
		100 * time.Second: 30 * time.Second, 90 * time.Minute: 30 * time.Minute, 30 * 24 * time.Hour: 8 * 24 * time.Hour,
	} {
		if got := scaleStep(length); got != want {
			t.Errorf("%v: %v, want %v", length, got, want)
		}
	}
	for length := time.Microsecond; length < 400*24*time.Hour; length = length*5/4 + 1 {
		if step := scaleStep(length); length/step > 5 {
			t.Errorf("%v has %d lines", length, length/step)
		}
	}
}

func TestShortDuration(t *testing.T) {
	for length, want := range map[time.Duration]string{
		0: "", -time.Second: "", 350 * time.Microsecond: "350µs", 2*time.Millisecond + 400*time.Microsecond: "2ms", 1500 * time.Millisecond: "1.5s",
		70 * time.Second: "1m10s", 2 * time.Minute: "2m", time.Hour: "1h", 2*time.Hour + 5*time.Minute: "2h5m", 10*time.Hour + 10*time.Second: "10h0m10s", 50 * time.Hour: "2d2h",
	} {
		if got := shortDuration(length); got != want {
			t.Errorf("%d: %q, want %q", length, got, want)
		}
	}
}

// links are the addresses that a page leads to.
func links(body string) (found []string) {
	for _, one := range regexp.MustCompile(`href="(/[^"]*)"`).FindAllStringSubmatch(body, -1) {
		address, _, _ := strings.Cut(html.UnescapeString(one[1]), "#")
		found = append(found, address)
	}
	return found
}

// An item whose name could end an address or begin markup has a page, and all that it
// leads to is there.
func TestItemPageOfAHostileName(t *testing.T) {
	s := serve(t, nil)
	store := s.options.Load().Store
	s.put(store, hostile, record.Heartbeat, 10, `"user": "root", "host": "<script>h</script>", "script": "/a/<script>.sh", "run": "r?1/#%\"<script>", "hostname": "h1", "startup": "crontab"`)
	s.put(store, hostile, record.Heartbeat, 11, `"user": "root", "host": "10.1.2.3", "script": "/a.sh"`)
	s.put(store, hostile, record.Run, 10, `"run": "r?1/#%\"<script>", "exit_code": 1, "cause": "exited", "duration": 2.5`)
	s.put(store, hostile, record.Log, 10, `"message_level": "<script>", "message": "<script>alert(1)</script>\u001b[31m", "run": "r?1/#%\"<script>"`)
	s.put(store, hostile, record.Alarm, 10, `"receivers": "<script>", "send_alarm_result": "SUPPRESSED", "reason": "<script>sent today", "next": "2026-11-27T00:00:00Z", "cause": "limit", "message": "m"`)
	answer := s.get(itemAddress(hostile))
	body := answer.Body.String()
	if answer.Code != http.StatusOK || strings.Contains(ownScripts.ReplaceAllString(body, ""), "<script") || strings.Contains(body, "\x1b") {
		t.Fatalf("status %d: %s", answer.Code, body)
	}
	for _, want := range []string{"held back: &lt;script&gt;sent today; one alike may go from 2026-11-27 00:00:00 on", "2026-11-26 · 2 heartbeats · 1 failed run", "zone: UTC", `data-live-item="主机/a%&lt;b&gt;`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	followed := 0
	for _, address := range links(body) {
		if strings.HasPrefix(address, "/display") {
			continue // leads back
		}
		if answer := s.get(address); answer.Code != http.StatusOK && address != runAddress(`r?1/#%"<script>`) {
			t.Errorf("%s: status %d", address, answer.Code)
		}
		followed++
	}
	if listing := s.get(dayAddress(hostile, s.clock)).Body.String(); followed < 12 || !strings.Contains(listing, "&lt;script&gt;.sh") {
		t.Errorf("%d links; the listing of the day: %s", followed, listing)
	}
}

func TestItemPage(t *testing.T) {
	s := serve(t, nil)
	for address, want := range map[string]int{
		"/items/LSF/nodes?year=2025": 200, "/items/LSF/nodes?year=9999": 200, "/items/LSF/nodes?year=1": 400, "/items/LSF/nodes?year=x": 400, "/items/LSF/none": 404,
	} {
		if answer := s.get(address); answer.Code != want {
			t.Errorf("%s: status %d", address, answer.Code)
		}
	}
	body := s.get("/items/LSF/nodes").Body.String()
	state, runs := strings.Index(body, `class="verdict`), strings.Index(body, `class="timeline"`)
	if state < 0 || runs < state || !strings.Contains(body, `href="/runs/r1"`) || !strings.Contains(body, "12 heartbeats") {
		t.Error(body)
	}
	chinese := s.get("/items/LSF/nodes?lang=zh").Body.String()
	for _, want := range []string{"全年心跳", "最近告警", "时间均为服务器时区", "12 次心跳", "11月"} {
		if !strings.Contains(chinese, want) {
			t.Errorf("the Chinese page has no %q", want)
		}
	}
}

// Each text of the pages has one translation.
func TestWordsAreThereOnce(t *testing.T) {
	seen := map[string]string{}
	for _, pair := range append(chinese[:], chineseHistory[:]...) {
		if before, twice := seen[pair[0]]; twice && before != pair[1] || pair[1] == "" {
			t.Errorf("%q is %q and %q", pair[0], before, pair[1])
		}
		seen[pair[0]] = pair[1]
	}
}
