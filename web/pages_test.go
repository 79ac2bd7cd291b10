package web

import (
	"encoding/csv"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// busy adds to the small database records of some directions and days.
func busy(t *testing.T) *served {
	s := serve(t, nil)
	store := s.options.Load().Store
	for d, direction := range []string{"host", "license", "storage"} {
		item := record.Item{Direction: direction, Name: "check_" + direction}
		for back := range 20 {
			day := s.clock.AddDate(0, 0, -back)
			for i := range 3 + d {
				at := time.Date(day.Year(), day.Month(), day.Day(), i, back, 0, 0, time.UTC)
				level := record.Levels[(i+back)%len(record.Levels)]
				s.putAt(store, item, record.Log, at, fmt.Sprintf(`"message_level": %q, "message": "log %d of %s\nits second line"`, level, i, direction))
				s.putAt(store, item, record.Heartbeat, at, `"user": "root", "host": "10.0.0.`+fmt.Sprint(d)+`", "script": "/ic/b.sh"`)
			}
			if back%4 == 0 {
				result := []string{"PASSED", "FAILED", "SUPPRESSED"}[back/4%3]
				s.putAt(store, item, record.Alarm, time.Date(day.Year(), day.Month(), day.Day(), 1, 0, 0, 0, time.UTC), fmt.Sprintf(`"md5": "x", "receivers": "bob", "send_alarm_result": %q, "message": "alarm"`, result))
			}
		}
	}
	return s
}

func (s *served) putAt(store *record.Store, item record.Item, kind record.Kind, at time.Time, rest string) {
	s.t.Helper()
	line := fmt.Sprintf(`{"time": "%s", %s, "ts": "%s"}`+"\n", at.Format(record.TimeLayout), rest, at.Format(record.StampLayout))
	if err := store.Append(item, kind, record.Day(at), []byte(line)); err != nil {
		s.t.Fatal(err)
	}
}

// What is too much to count is not counted; the states are shown all the same.
func TestOverviewOfTooMuch(t *testing.T) {
	s := serve(t, nil)
	for i := range 200 {
		s.putAt(s.options.Load().Store, record.Item{Direction: "many", Name: fmt.Sprint("item", i)}, record.Heartbeat, s.clock, `"user": "root"`)
	}
	const years = "begin=2015-01-01&end=2024-10-31"
	page := s.get("/?wait=yes&" + years).Body.String()
	if !strings.Contains(page, "too many items and days") || !strings.Contains(page, ">item199</a>") && !strings.Contains(page, "item1") {
		t.Errorf("the page has %.3000s", page)
	}
	if answer := s.get("/api/v1/summary?" + years); answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), "fewer days") {
		t.Errorf("%d: %s", answer.Code, answer.Body)
	}
}

// The totals and charts of the overview have the numbers of the listings to which
// they lead.
func TestOverviewLeadsToWhatItCounts(t *testing.T) {
	s := busy(t)
	page := s.get("/?wait=yes&range=7d").Body.String()
	links := regexp.MustCompile(`<a href="(/records/[^"]+)"[^>]*>(?:<i class="[^"]+"></i>[^<]*|<span class="chip[^>]*>[^<]*</span> ?)?(?:<b>)?([0-9,]+)</`).FindAllStringSubmatch(page, -1)
	bars := regexp.MustCompile(`<a tabindex="-1" href="([^"]+)"><title>[^:]+: ([0-9,]+)`).FindAllStringSubmatch(page, -1)
	links = append(links, bars...)
	if len(links) < 60 || len(bars) < 40 {
		t.Fatalf("%d links", len(links))
	}
	for _, link := range links {
		address := strings.ReplaceAll(link[1], "&amp;", "&")
		listing := "/api/v1" + address + "&limit=1000"
		name := "records"
		if strings.HasPrefix(address, "/records/monitor") {
			listing, name = "/api/v1/items?"+strings.SplitN(address, "?", 2)[1], "items"
		}
		if got := len(s.json(listing)[name].([]any)); fmt.Sprint(got) != strings.ReplaceAll(link[2], ",", "") {
			t.Errorf("%s: %d records, and %s in the page", address, got, link[2])
		}
	}
	if strings.Contains(page, "style=") {
		t.Error("a style in the page, which the policy forbids")
	}
}

func TestSummaryOfTheAPI(t *testing.T) {
	s := busy(t)
	document := s.json("/api/v1/summary?begin=2026-11-20&end=2026-11-26")
	totals := document["totals"].(map[string]any)
	if got := fmt.Sprint(totals["items"], totals["alarms"], totals["logs"], totals["heartbeats"], totals["runs"]); got != "4 7 96 96 1" {
		t.Errorf("totals %s", got)
	}
	if len(document["parts"].([]any)) != 7 {
		t.Errorf("parts %v", document["parts"])
	}
	only := s.json("/api/v1/summary?range=7d&direction=LSF")
	if got := fmt.Sprint(only["totals"], only["top_items"]); got != "map[alarms:1 heartbeats:12 items:1 logs:12 runs:1] [map[alarms:1 direction:LSF item:nodes]]" {
		t.Error(got)
	}
	for begin, parts := range map[string]int{"2026-10-01": 57, "2026-06-01": 26, "2023-01-01": 47} {
		if got := len(s.json("/api/v1/summary?begin=" + begin)["parts"].([]any)); got != parts {
			t.Errorf("since %s: %d parts", begin, got)
		}
	}
}

// The picture of a chart is that of the golden file, in both languages.
func TestChartIsDrawnAsBefore(t *testing.T) {
	var m markup
	days := days{first: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), last: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}
	c := &chart{id: "alarms", title: "Alarms by direction", kind: record.Alarm, days: days, parts: days.buckets(), height: 100}
	c.add("<LSF>", "a-colour", url.Values{"direction": {"<LSF>"}}, []int{1, 0, 3, 4, 2000})
	c.add(restName, restClass, url.Values{}, []int{0, 0, 3, 1, 1})
	c.add(restName, restClass, url.Values{}, []int{1, 0, 0, 0, 0})
	for _, lang := range []string{langEnglish, langChinese} {
		m.Lang = lang
		m.barChart(c)
	}
	golden := filepath.Join("testdata", "chart.golden")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(golden, m.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || m.String() != string(want) {
		t.Errorf("%v\n%s", err, m.String())
	}
}

func TestNumbersOfAxes(t *testing.T) {
	for most, want := range map[int]int{0: 5, 1: 5, 5: 5, 6: 10, 11: 20, 21: 50, 999: 1000, 1001: 2000} {
		if got := niceTop(most); got != want {
			t.Errorf("%d: %d", most, got)
		}
	}
	for number, want := range map[int]string{0: "0", 999: "999", 1500: "1.5k", 2_000_000: "2M"} {
		if got := short(number); got != want {
			t.Errorf("%d: %s", number, got)
		}
	}
}

// More directions than there are colours share the last one.
func TestManyDirections(t *testing.T) {
	var counts []record.DayCount
	for i := range 20 {
		counts = append(counts, record.DayCount{Item: record.Item{Direction: fmt.Sprintf("d%02d", i), Name: "x"}, Kind: record.Alarm, Day: "20261126", Counts: map[string]int{"PASSED": i + 1}})
	}
	d := days{first: time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC), last: time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)}
	c := newCharts(newSummary(d, counts), nil, nil)
	rows := c.alarms.rows
	if len(rows) != maxColours+1 || rows[len(rows)-1].name != restName || c.alarms.all() != 210 || len(c.summary.topItems) != topCount || c.summary.topItems[0].count != 20 {
		t.Errorf("%d rows, %d alarms, %v", len(rows), c.alarms.all(), c.summary.topItems)
	}
}

func TestRangesOfTheOverview(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for query, want := range map[string]string{
		"": "2026-10-28 – 2026-11-26", "range=today": "2026-11-26", "range=7d": "2026-11-20 – 2026-11-26", "range=90d": "2026-08-29 – 2026-11-26",
		"range=year": "2026-01-01 – 2026-11-26", "begin=2026-11-01&end=2026-11-03": "2026-11-01 – 2026-11-03", "begin=2026-11-26": "2026-11-26",
		"begin=yesterday&end=yesterday": "2026-11-25", "range=7d&begin=2026-11-25": "2026-11-25 – 2026-11-26",
	} {
		values, _ := url.ParseQuery(query)
		d, err := daysOf(values, now)
		if err != nil || d.title() != want {
			t.Errorf("%q: %s, %v", query, d.title(), err)
		}
	}
	s := serve(t, nil)
	for _, address := range []string{
		"/?range=forever", "/?begin=2026-11-26&end=2026-11-25", "/?begin=soon", "/?begin=1990-01-01", "/?what=1", "/?page=x",
		"/api/v1/summary?begin=2026-11-26&end=2026-11-25", "/api/v1/summary?range=1d", "/api/v1/summary?item=[", "/api/v1/summary?sort=item",
	} {
		if answer := s.get(address); answer.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", address, answer.Code)
		}
	}
}

// Many items are shown page by page, what is wrong first.
func TestOverviewOfManyItems(t *testing.T) {
	s := serve(t, nil)
	store := s.options.Load().Store
	for i := range 60 {
		item := record.Item{Direction: "host", Name: fmt.Sprintf("item%02d", i)}
		at := s.clock.Add(-time.Hour)
		if i%30 == 7 {
			at = s.clock.AddDate(0, 0, -5)
		}
		s.putAt(store, item, record.Heartbeat, at, `"user": "root", "host": "10.1.2.3", "script": "/x"`)
	}
	rows := regexp.MustCompile(`<a href="/items/host/(item\d\d)"`)
	var seen []string
	for number := 1; number <= 3; number++ {
		page := s.get(fmt.Sprintf("/?wait=yes&page=%d&direction=host", number)).Body.String()
		for _, row := range rows.FindAllStringSubmatch(page, -1) {
			seen = append(seen, row[1])
		}
	}
	if len(seen) != 60 || seen[0] != "item07" || seen[1] != "item37" || seen[2] != "item00" || len(slices.Compact(slices.Sorted(slices.Values(seen)))) != 60 {
		t.Errorf("%d items: %v", len(seen), seen[:min(len(seen), 3)])
	}
	for query, want := range map[string]int{"state=wrong": 2, "state=stopped": 2, "state=late": 0, "search=ITEM5": 10, "search=item0&state=ok": 9, "page=9": 10, "direction=none": 0} {
		if got := len(rows.FindAllString(s.get("/?wait=yes&direction=host&"+query).Body.String(), -1)); query != "direction=none" && got != want {
			t.Errorf("%s: %d items, want %d", query, got, want)
		}
	}
}

// Sorted and filtered pages hold each record once, and so do exports, in the same
// order.
func TestListingsByColumns(t *testing.T) {
	s := busy(t)
	for _, query := range []string{"begin=30d", "begin=30d&sort=message", "begin=30d&sort=-message_level&where.message=LOG", "begin=30d&sort=time&not=host", "begin=30d&where.item=!nodes&keyword=log&keyword=license"} {
		var seen []string
		for cursor := ""; ; {
			document := s.json("/api/v1/records/log?limit=17&" + query + "&cursor=" + cursor)
			for _, one := range document["records"].([]any) {
				r := one.(map[string]any)
				seen = append(seen, fmt.Sprint(r["direction"], r["time"], r["message"]))
			}
			next, more := document["next_cursor"].(string)
			if !more {
				break
			}
			cursor = url.QueryEscape(next)
		}
		rows, err := csv.NewReader(s.get("/export/log?" + query).Body).ReadAll()
		var exported []string
		for _, row := range rows[1:] {
			exported = append(exported, row[0]+row[2]+row[4])
		}
		if err != nil || len(seen) < 20 || !slices.Equal(seen, exported) {
			t.Errorf("%s: %d records by pages, %d exported, %v", query, len(seen), len(exported), err)
		}
		lines := strings.Count(s.get("/export/log?format=json&"+query).Body.String(), "\n")
		if lines != len(seen) {
			t.Errorf("%s: %d lines of JSON", query, lines)
		}
	}
}

func TestBadListings(t *testing.T) {
	s := busy(t)
	of := func(query string) string {
		return url.QueryEscape(s.json("/api/v1/records/log?limit=2&" + query)["next_cursor"].(string))
	}
	byTime, byMessage := of(""), of("sort=message")
	for address, want := range map[string]int{
		"/api/v1/records/log?sort=nothing":                                    400,
		"/api/v1/records/log?where.nothing=x":                                 400,
		"/api/v1/records/log?where.nothing=":                                  400,
		"/api/v1/records/log?where.message=%3C":                               400,
		"/api/v1/records/log?sort=message&cursor=" + byTime:                   400,
		"/api/v1/records/log?cursor=" + byMessage:                             400,
		"/api/v1/records/log?where.message=x&cursor=" + byTime:                400,
		"/api/v1/records/log?limit=5&cursor=" + byTime:                        200,
		"/api/v1/records/log?sort=message&limit=5&cursor=" + byMessage:        200,
		"/records/log?sort=nothing":                                           400,
		"/records/log?begin=2026-11-26&end=2026-11-25":                        400,
		"/records/log?where.message=&keyword=&not=&level=&begin=&end=":        200,
		"/export/log?sort=nothing":                                            400,
		"/export/nothing":                                                     404,
		"/records/log?keyword=" + strings.Repeat("x", 10<<20):                 414,
		"/?search=" + strings.Repeat("x", 10<<20):                             414,
		"/records/log?" + strings.Repeat("where.message=x&", maxConditions):   200,
		"/records/log?" + strings.Repeat("where.message=x&", maxConditions+1): 400,
	} {
		if answer := s.get(address); answer.Code != want {
			t.Errorf("%.90s: status %d, want %d: %.200s", address, answer.Code, want, answer.Body)
		}
	}
	// What is wrong stands above the form, in which it can be corrected.
	page := s.get("/records/log?where.message=%3C").Body.String()
	if !strings.Contains(page, "compares with nothing") || !strings.Contains(page, `value="&lt;"`) {
		t.Error("the form is not there")
	}
}

// What the pages show of a record is its text, whatever it is.
func TestTableOfRecords(t *testing.T) {
	s := busy(t)
	page := s.get("/records/log?sort=-message_level&begin=30d&where.message=log").Body.String()
	for _, want := range []string{
		`aria-sort="descending"`, `href="/records/log?begin=30d&amp;sort=message_level&amp;where.message=log"`, `name="where.message"`, `value="log"`,
		`<span class="chip warn">Warning</span>`, `<details><summary>log 1 of license</summary><pre>its second line</pre></details>`, `sorted by Message_Level`,
		`<label class="check">`, `href="/export/log?begin=30d&amp;format=json&amp;sort=-message_level&amp;where.message=log"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	alarms := s.get("/records/alarm?where.message=%3Cscript&where.alarm_result=%3DPASSED").Body.String()
	if strings.Contains(alarms, "<script>alert") || !strings.Contains(alarms, "&lt;script&gt;alert(1)&lt;/script&gt; =cmd()") {
		t.Error("a text is not shown as it is")
	}
	reflected := s.get("/records/alarm?where.message=%22%3E%3Cscript%3Ealert(1)&keyword=%22%3E%3Cscript%3E&sort=-message").Body.String()
	if strings.Contains(reflected, `"><script>`) {
		t.Error("a script of the address is in the page")
	}
}

// Levels that were in use before the config was changed can still be asked for.
func TestLevelsOfOtherConfigs(t *testing.T) {
	s := serve(t, func(o *Options) { o.Levels = []string{"Notice", "error"} })
	for level, want := range map[string]int{"Error": 200, "Info": 200, "notice": 200, "Loud": 400} {
		if answer := s.get("/records/log?level=" + level); answer.Code != want {
			t.Errorf("%s: %d", level, answer.Code)
		}
	}
	if page := s.get("/records/log").Body.String(); strings.Count(page, `name="level"`) != 6 {
		t.Error("not each level has a box")
	}
}

func TestDisplay(t *testing.T) {
	s := serve(t, nil)
	from := func(referer string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Referer", referer) }
	}
	answer := s.get("/display?theme=dark", from("http://example.com/records/log?keyword=a&lang=zh"))
	if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != "/records/log?keyword=a" || answer.Result().Cookies()[0].Value != "dark" {
		t.Errorf("%d %v", answer.Code, answer.Header())
	}
	for _, referer := range []string{"", "http://evil.example/records/log", "http://example.com//evil.example", "http://example.com/display?theme=dark"} {
		if to := s.get("/display?theme=dark", from(referer)).Header().Get("Location"); to != "/" {
			t.Errorf("from %q to %q", referer, to)
		}
	}
	dark := s.get("/", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: themeCookie, Value: "dark"}) })
	if !strings.Contains(dark.Body.String(), `data-theme="dark"`) || len(s.get("/display?theme=pink").Result().Cookies()) != 0 {
		t.Error("the theme is not that of the cookie")
	}
}

// A file is kept for ever under the address that has its content's hash.
func TestAssets(t *testing.T) {
	s := serve(t, nil)
	page := s.get("/").Body.String()
	addresses := regexp.MustCompile(`"(/static/[^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(addresses) < 6 {
		t.Fatalf("%d files", len(addresses))
	}
	for _, found := range addresses {
		answer := s.get(found[1])
		if answer.Code != http.StatusOK || !strings.Contains(answer.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", found[1], answer.Code, answer.Header())
		}
		path, _, _ := strings.Cut(found[1], "?")
		again := s.get(path+"?v=old", func(r *http.Request) { r.Header.Set("If-None-Match", answer.Header().Get("ETag")) })
		if again.Code != http.StatusNotModified || again.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d %v", path, again.Code, again.Header())
		}
	}
	for _, name := range []string{"htmx", "uplot"} {
		if licence := s.get("/static/" + name + ".LICENSE.txt"); !strings.Contains(licence.Body.String(), "Permission") {
			t.Errorf("no licence of %s", name)
		}
	}
}

// No text of a page is without its Chinese one.
func TestWordsAreTranslated(t *testing.T) {
	sources, _ := filepath.Glob("*.go")
	said := regexp.MustCompile(`m\.(?:say|T|field|button|title)\("([^"]+)"|writeLater\(m, "[^"]+", "([^"]+)"`)
	labels := regexp.MustCompile(`label: "([^"]+)"|, "([^"]+)"\}`)
	for _, name := range sources {
		source, _ := os.ReadFile(name)
		found := said.FindAllStringSubmatch(string(source), -1)
		if name == "days.go" {
			found = append(found, labels.FindAllStringSubmatch(string(source), -1)...)
		}
		for _, match := range found {
			text := match[1] + strings.Join(match[2:], "")
			if (page{Lang: langChinese}).T(text) == text {
				t.Errorf("%s: %q", name, text)
			}
		}
	}
}

// Alarms that do not go out are on the first page: the alarm about that is one of
// them.
func TestOverviewTellsOfStuckAlarms(t *testing.T) {
	s := serve(t, nil)
	if page := s.get("/").Body.String(); strings.Contains(page, "alarms could not be sent") {
		t.Errorf("nothing waits: %s", page)
	}
	outbox := filepath.Join(s.folder, ".mvrun", "outbox")
	if err := os.MkdirAll(outbox, 0o755); err != nil {
		t.Fatal(err)
	}
	raised := s.clock.Add(-2 * time.Hour).Format("20060102T150405")
	name := "0a0e0f157de4-03bdd342b81be36f-" + raised + "242620545" + "-536a5c3c552b.wait~1"
	if err := os.WriteFile(filepath.Join(outbox, name), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.clock = s.clock.Add(time.Hour) // what was found is not kept that long
	page := s.get("/").Body.String()
	if !strings.Contains(page, "<b>1</b> alarm could not be sent for more than an hour.") || strings.Contains(page, "Everything is well") {
		t.Errorf("the page says nothing of it: %s", page)
	}
	address := regexp.MustCompile(`"(/records/alarm[^"]*alarm_result[^"]*)"`).FindStringSubmatch(page)
	if address == nil || s.get(html.UnescapeString(address[1])).Code != 200 {
		t.Errorf("it leads to %q", address)
	}
	if summary := s.json("/api/v1/summary"); summary["stuck_alarms"] != 1.0 {
		t.Errorf("summary: %v", summary["stuck_alarms"])
	}
}

// Of a record that does not say when it was made, its day is shown, on every page.
func TestRecordsWithoutATime(t *testing.T) {
	s := serve(t, nil)
	item := record.Item{Direction: "LSF", Name: "bare"}
	for _, line := range []string{`{}`, `{"message": "undated"}`} {
		if err := s.options.Load().Store.Append(item, record.Log, "20261125", []byte(line+"\n")); err != nil {
			t.Fatal(err)
		}
	}
	for _, address := range []string{"/records/log?item=bare", "/records/log?item=bare&sort=message", "/items/LSF/bare"} {
		page := s.get(address).Body.String()
		if strings.Count(page, ">2026-11-25<") != 2 || strings.Contains(page, "0001-01-01") || strings.Contains(page, "2026-11-25 00:00") {
			t.Errorf("%s: %s", address, page)
		}
	}
}

// One is one, and more are more.
func TestVerdictOfSomeItems(t *testing.T) {
	for counts, want := range map[[2]int]string{
		{1, 1}: "<b>1</b> of 1 item needs attention.", {1, 5}: "<b>1</b> of 5 items needs attention.", {2, 5}: "<b>2</b> of 5 items need attention.",
	} {
		v, m := &overviewView{wrong: counts[0], all: counts[1], stuck: 2}, &markup{}
		v.writeVerdict(m)
		if text := m.String(); !strings.Contains(text, want) || !strings.Contains(text, "<b>2</b> alarms could not be sent for more than an hour.") {
			t.Errorf("%v: %s", counts, text)
		}
	}
}
