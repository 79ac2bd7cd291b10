package tests

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mvrun/mvrun/record"
)

// counted is what monitorViewer's own web service counted in a database, and of
// which range.
type counted struct {
	Range        []string
	MonitorItems int     `json:"monitor_items"`
	Alarms       int     `json:"alarms"`
	Logs         int     `json:"logs"`
	Heartbeats   int     `json:"heartbeats"`
	ErrorLogs    int     `json:"error_logs"`
	TopAlarms    [][]any `json:"top_alarms"`
}

// frontEnd counts what a way to look at the database shows of a kind. The filter is
// the query of an address: begin, end, level.
type frontEnd struct {
	name  string
	kinds []record.Kind // all where nil
	count func(t *testing.T, kind record.Kind, filter url.Values) int
}

var everyKind = []record.Kind{"monitor", record.Heartbeat, record.Log, record.Alarm}

// Each front end shows as many items and records as the real monitorViewer did.
func TestFrontEndsAgree(t *testing.T) {
	t.Parallel()
	fixture := filepath.Join(repository(t), "tests", "testdata", "monitorviewer")
	var want counted
	if err := json.Unmarshal([]byte(readFile(t, filepath.Join(fixture, "expected.json"))), &want); err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	// A copy, since serve keeps what it counted.
	if err := os.CopyFS(s.db, os.DirFS(filepath.Join(fixture, "db"))); err != nil {
		t.Fatal(err)
	}
	writeFile(t, s.config, "db_path: "+s.db+"\n", 0o644)
	whole := url.Values{"begin": {want.Range[0]}, "end": {want.Range[1]}}
	errors := url.Values{"begin": whole["begin"], "end": whole["end"], "level": {"Error"}}
	for _, one := range frontEnds(t, s, startServe(t, s)) {
		t.Run(one.name, func(t *testing.T) {
			kinds := one.kinds
			if kinds == nil {
				kinds = everyKind
			}
			for _, kind := range kinds {
				expected := map[record.Kind]int{"monitor": want.MonitorItems, record.Heartbeat: want.Heartbeats, record.Log: want.Logs, record.Alarm: want.Alarms}[kind]
				if got := one.count(t, kind, whole); got != expected {
					t.Errorf("%s: %d, want %d", kind, got, expected)
				}
				if kind == record.Log {
					if got := one.count(t, kind, errors); got != want.ErrorLogs {
						t.Errorf("errors: %d, want %d", got, want.ErrorLogs)
					}
				}
			}
		})
	}
}

// frontEnds are all of them.
func frontEnds(t *testing.T, s *site, d *dashboard) []frontEnd {
	all := []frontEnd{
		{name: "summary", kinds: everyKind[1:], count: summaryCount(s.db)},
		{name: "summary again", kinds: everyKind[1:], count: summaryCount(s.db)},
		{name: "api", count: d.apiCount},
		{name: "pages", count: d.pageCount},
	}
	for _, format := range []string{"json", "csv", "tsv", "table"} {
		all = append(all, frontEnd{name: "view " + format, count: func(t *testing.T, kind record.Kind, filter url.Values) int {
			return s.viewCount(t, kind, filter, format)
		}})
	}
	for _, format := range []string{"json", "csv"} {
		all = append(all, frontEnd{name: "export " + format, count: func(t *testing.T, kind record.Kind, filter url.Values) int {
			return d.exportCount(t, kind, filter, format)
		}})
	}
	return all
}

// viewCount counts what `mvrun view` prints.
func (s *site) viewCount(t *testing.T, kind record.Kind, filter url.Values, format string) int {
	t.Helper()
	args := []string{"view", string(kind), "--format", format}
	for name := range filter {
		args = append(args, "--"+name, filter.Get(name))
	}
	r := s.mvrun(t, args...)
	if r.status != 0 || r.stderr != "" {
		t.Fatalf("%q: status %d: %s", args, r.status, r.stderr)
	}
	return printedRows(t, r.stdout, format)
}

// printedRows counts the rows of a listing that was printed.
func printedRows(t *testing.T, text, format string) int {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	switch format {
	case "json":
		return len(lines)
	case "csv":
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return len(rows) - 1
	case "table":
		// Further lines of a message are indented.
		lines = regexp.MustCompile(`(?m)^\S.*$`).FindAllString(text, -1)
	}
	return len(lines) - 1
}

func summaryCount(db string) func(t *testing.T, kind record.Kind, filter url.Values) int {
	return func(t *testing.T, kind record.Kind, filter url.Values) (total int) {
		t.Helper()
		store, err := record.OpenStore(db, record.StoreOptions{Host: "reader"})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		day := func(name string) string { return strings.ReplaceAll(filter.Get(name)[:10], "-", "") }
		counts, stats, err := store.Summarize(record.SummaryQuery{Kinds: []record.Kind{kind}, First: day("begin"), Last: day("end")})
		if err != nil || stats.Failures+stats.Skipped > 0 {
			t.Fatal(err, stats)
		}
		for _, one := range counts {
			for value, count := range one.Counts {
				if !filter.Has("level") || value == filter.Get("level") {
					total += count
				}
			}
		}
		return total
	}
}

// apiCount pages through the API.
func (d *dashboard) apiCount(t *testing.T, kind record.Kind, filter url.Values) (total int) {
	t.Helper()
	path := "/api/v1/records/" + string(kind)
	if kind == "monitor" {
		path = "/api/v1/items"
	}
	seen := map[string]bool{}
	for cursor := ""; ; {
		status, body := d.get(t, path+"?limit=7&"+filter.Encode()+"&cursor="+url.QueryEscape(cursor), "")
		var document struct {
			Items, Records []json.RawMessage
			Next           string `json:"next_cursor"`
		}
		if err := json.Unmarshal([]byte(body), &document); err != nil || status != 200 {
			t.Fatalf("%s: status %d: %.300s", path, status, body)
		}
		total += len(document.Items) + len(document.Records)
		if cursor = document.Next; cursor == "" {
			return total
		}
		if seen[cursor] {
			t.Fatalf("%s: the same cursor again", path)
		}
		seen[cursor] = true
	}
}

// rowOfPage is how a row of a listing begins, and olderPage where the next piece is.
var (
	rowOfPage = regexp.MustCompile(`(?s)<tbody.*?</tbody>`)
	olderPage = regexp.MustCompile(`href="([^"]*[?&;]cursor=[^"]*)"`)
)

// pageCount turns the pages of a listing as a person does.
func (d *dashboard) pageCount(t *testing.T, kind record.Kind, filter url.Values) (total int) {
	t.Helper()
	path := "/records/" + string(kind) + "?limit=25&" + filter.Encode()
	for turned := map[string]bool{}; path != "" && !turned[path]; {
		turned[path] = true
		status, body := d.get(t, path, "")
		if status != 200 {
			t.Fatalf("%s: status %d", path, status)
		}
		total += strings.Count(rowOfPage.FindString(body), "<tr")
		path = ""
		for _, match := range olderPage.FindAllStringSubmatch(body, -1) {
			if next := strings.ReplaceAll(match[1], "&amp;", "&"); !strings.HasPrefix(next, "/export/") && !turned[next] {
				path = next
			}
		}
	}
	return total
}

// exportCount counts what is exported.
func (d *dashboard) exportCount(t *testing.T, kind record.Kind, filter url.Values, format string) int {
	t.Helper()
	path := fmt.Sprintf("/export/%s?format=%s&%s", kind, format, filter.Encode())
	status, body := d.get(t, path, "")
	if status != 200 {
		t.Fatalf("%s: status %d: %s", path, status, body)
	}
	return printedRows(t, body, format)
}
