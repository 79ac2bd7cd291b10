package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
)

// An address names one item, and no other of which it would be a pattern.
func TestItemOfTheAPIByItsName(t *testing.T) {
	s := serve(t, nil)
	store := s.options.Load().Store
	for _, name := range []string{"a#b", "disk1", `a\*b`, "q?"} {
		s.put(store, record.Item{Direction: "o#d", Name: name}, record.Log, 11, `"message_level": "Info", "message": "of `+url.PathEscape(name)+`"`)
		s.put(store, record.Item{Direction: "o#d", Name: name}, record.Heartbeat, 11, `"user": "root"`)
	}
	for _, item := range []record.Item{{Direction: "o*d", Name: "a#b"}, {Direction: "o#d", Name: "a*b"}, {Direction: "o#d", Name: "disk[1]"}, {Direction: "o#d", Name: "disk?"}, {Direction: "o#d", Name: "disk["}} {
		for _, prefix := range []string{"/api/v1", ""} {
			if answer := s.get(prefix + itemAddress(item)); answer.Code != http.StatusNotFound {
				t.Errorf("%s%s: %d %.300s", prefix, itemAddress(item), answer.Code, answer.Body)
			}
		}
	}
	for _, name := range []string{"a#b", "disk1", `a\*b`, "q?"} {
		item := record.Item{Direction: "o#d", Name: name}
		if found := s.json("/api/v1" + itemAddress(item)); found["item"] != name {
			t.Errorf("%s: %v", name, found)
		}
		if page := s.get(itemAddress(item)); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "of "+url.PathEscape(name)) {
			t.Errorf("the page of %s: %d", name, page.Code)
		}
	}
	// a*b is the item, a\*b the pattern of it, and the name of another
	if found := s.json("/api/v1/items?item=" + url.QueryEscape(record.LiteralPattern("a*b")))["items"].([]any); len(found) != 0 {
		t.Errorf("asked for by another's name: %v", found)
	}
}

// An item that only logs is one of which nothing is expected, and the same everywhere.
func TestItemWithoutHeartbeats(t *testing.T) {
	s := serve(t, nil)
	item := record.Item{Direction: "far", Name: "probe"}
	s.put(s.options.Load().Store, item, record.Log, 11, `"message_level": "Info", "message": "hello"`)
	if found := s.json("/api/v1" + itemAddress(item)); found["status"] != "idle" {
		t.Errorf("the API: %v", found)
	}
	page := s.get(itemAddress(item)).Body.String()
	if strings.Contains(page, `role="alert"`) || !strings.Contains(page, "idle") || !strings.Contains(page, "hello") {
		t.Errorf("its page: %s", page)
	}
	items, totals := s.json("/api/v1/items")["items"].([]any), s.json("/api/v1/summary?range=7d")["totals"].(map[string]any)
	view := &overviewView{values: url.Values{"wait": {"yes"}}}
	if err := s.fill(view); err != nil {
		t.Fatal(err)
	}
	if len(items) != 2 || totals["items"] != 2.0 || view.all != 2 {
		t.Errorf("%d items are listed, %v summed up, %d on the overview", len(items), totals["items"], view.all)
	}
}

// A method that an address does not have is told from an address that is not there.
func TestMethodsOfTheAPI(t *testing.T) {
	s := serve(t, protected)
	for _, test := range []struct {
		method, address string
		want            int
		allow           string
	}{
		{"PUT", "/api/v1/mutes", 405, "DELETE, GET, HEAD, POST"}, {"POST", "/api/v1/items", 405, "GET, HEAD"}, {"DELETE", "/api/v1/items/LSF/nodes", 405, "GET, HEAD"},
		{"PATCH", "/api/v1/records/log", 405, "GET, HEAD, POST"}, {"OPTIONS", "/api/v1/runs/r1", 405, "GET, HEAD"}, {"POST", "/api/v1/openapi.json", 405, "GET, HEAD"},
		{"PUT", "/api/v1/nothing", 404, ""}, {"GET", "/api/", 404, ""}, {"DELETE", "/api/v1/items/LSF", 404, ""}, {"HEAD", "/api/v1/items", 200, ""},
	} {
		answer := s.do(test.method, test.address, "", bearer("muter-0123456789"))
		if got := answer.Header().Get("Allow"); answer.Code != test.want || got != test.allow {
			t.Errorf("%s %s: status %d, allowed are %q", test.method, test.address, answer.Code, got)
		}
	}
	if answer := s.do("PUT", "/api/v1/mutes", ""); answer.Code != http.StatusUnauthorized {
		t.Errorf("without a token: %d", answer.Code)
	}
}

// Whoever is not let in is told so as the document says.
func TestOpenAPINamesRefusals(t *testing.T) {
	s := serve(t, protected)
	var document struct {
		Paths map[string]map[string]struct{ Responses map[string]any }
	}
	if err := json.Unmarshal(openAPIDocument, &document); err != nil {
		t.Fatal(err)
	}
	names := strings.NewReplacer("{direction}", "LSF", "{item}", "nodes", "{kind}", "log", "{id}", "r1")
	for path, methods := range document.Paths {
		for method, operation := range methods {
			scopeless := "probe-0123456789"
			if path == "/api/v1/records/{kind}" && method == "post" {
				scopeless = "reader-0123456789"
			}
			for token, want := range map[string]int{"": 401, scopeless: 403} {
				answer := s.do(strings.ToUpper(method), names.Replace(path), "", bearer(token))
				if _, named := operation.Responses[strconv.Itoa(answer.Code)]; !named || path != "/healthz" && answer.Code != want {
					t.Errorf("%s %s with %q: status %d, named: %v", method, path, token, answer.Code, named)
				}
			}
		}
	}
}

// A format that is not there is refused, and no other is sent in its place.
func TestFormatOfAnExport(t *testing.T) {
	s := serve(t, nil)
	for query, want := range map[string]string{"": "text/csv; charset=utf-8", "?format=": "text/csv; charset=utf-8", "?format=csv": "text/csv; charset=utf-8", "?format=json": "application/x-ndjson"} {
		if answer := s.get("/export/log" + query); answer.Code != http.StatusOK || answer.Header().Get("Content-Type") != want {
			t.Errorf("%s: status %d, %s", query, answer.Code, answer.Header().Get("Content-Type"))
		}
	}
	for _, format := range []string{"tsv", "table", "JSON", "xlsx", "csv,json"} {
		if answer := s.get("/export/log?format=" + format); answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), "there are csv and json") {
			t.Errorf("%s: status %d", format, answer.Code)
		}
	}
}

// A message of the longest that a run may have goes in, however JSON writes it, and is
// cut as that of a run where it is longer.
func TestIngestOfLongMessages(t *testing.T) {
	s := serve(t, protected)
	escaped := func(text string) string {
		var b strings.Builder
		for _, c := range text {
			fmt.Fprintf(&b, `\u%04x`, c)
		}
		return b.String()
	}
	for _, test := range []struct {
		written, message string
	}{
		{strings.Repeat("x", record.MaxMessageBytes), strings.Repeat("x", record.MaxMessageBytes)},
		{escaped(strings.Repeat("a", record.MaxMessageBytes)), strings.Repeat("a", record.MaxMessageBytes)},
		{escaped(strings.Repeat("失", record.MaxMessageBytes/3)), strings.Repeat("失", record.MaxMessageBytes/3)},
		{strings.Repeat("y", 3*record.MaxMessageBytes), record.CutMessage(strings.Repeat("y", 3*record.MaxMessageBytes), 0)},
	} {
		answer := s.do("POST", "/api/v1/records/log", `{"direction": "far", "item": "probe", "message": "`+test.written+`"}`, bearer("probe-0123456789"))
		var kept struct{ Message string }
		if err := json.Unmarshal(answer.Body.Bytes(), &kept); err != nil || answer.Code != http.StatusCreated || kept.Message != test.message {
			t.Errorf("%.40s: status %d, %v, %d bytes of %d", test.written, answer.Code, err, len(kept.Message), len(test.message))
		}
	}
}

// What is wrong with a body is said in words of ours, and one that is too large is told
// from one that is wrong.
func TestBodyProblems(t *testing.T) {
	s := serve(t, protected)
	const logs, mutes = "/api/v1/records/log", "/api/v1/mutes"
	for _, test := range []struct {
		address, token, body string
		status               int
		want                 string
	}{
		{logs, "probe", `[]`, 400, "it is not one object"}, {logs, "probe", `"x"`, 400, "it is not one object"}, {logs, "probe", ``, 400, "it is empty"},
		{logs, "probe", `{"item": "a"`, 400, "it ends before the object does"}, {logs, "probe", `{"item": 7}`, 400, `"item" is not a text`},
		{logs, "probe", `{"message": ["a"]}`, 400, `"message" is not a text`}, {logs, "probe", `{"time": "x"}`, 400, `the key "time" is not known`},
		{logs, "probe", `{'item': 1}`, 400, "it is not JSON at byte 2"}, {mutes, "muter", `{"hold": "yes"}`, 400, `"hold" is not true or false`},
		{logs, "probe", `{"message": "` + strings.Repeat("x", maxRecord), 413, "the body is larger than 1024 KiB"},
		{logs, "probe", `{}` + strings.Repeat(" ", maxRecord), 413, "the body is larger than 1024 KiB"},
		{mutes, "muter", `{"reason": "` + strings.Repeat("x", maxBody), 413, "the body is larger than 64 KiB"},
		{logs, "probe", `{"direction": "far", "item": "probe", "message": "x", "user": "` + strings.Repeat("u", maxName+1) + `"}`, 400, "at most 1024 bytes"},
	} {
		answer := s.do("POST", test.address, test.body, bearer(test.token+"-0123456789"))
		var told problem
		_ = json.Unmarshal(answer.Body.Bytes(), &told)
		if answer.Code != test.status || !strings.Contains(told.Detail, test.want) || strings.Contains(told.Detail, "Go ") || strings.Contains(told.Detail, "json:") {
			t.Errorf("%.60s: status %d, %q; want %d, %q", test.body, answer.Code, told.Detail, test.status, test.want)
		}
	}
}

// A body is one object: of two, one would be lost.
func TestBodyIsOneObject(t *testing.T) {
	s := serve(t, protected)
	for _, test := range []struct{ address, token, body string }{
		{"/api/v1/mutes", "muter-0123456789", `{"pattern": "LSF/*", "for": "8h"}`}, {"/api/v1/records/log", "probe-0123456789", `{"direction": "far", "item": "probe", "message": "x"}`},
	} {
		for _, rest := range []string{"x", "{}", test.body, "]", `"`, "\x00"} {
			if answer := s.do("POST", test.address, test.body+rest, bearer(test.token)); answer.Code != http.StatusBadRequest {
				t.Errorf("%s, then %q: status %d", test.address, rest, answer.Code)
			}
		}
		if kept := s.get("/api/v1/items/far/probe", bearer("reader-0123456789")); kept.Code != http.StatusNotFound {
			t.Errorf("recorded: %s", kept.Body)
		}
		if answer := s.do("POST", test.address, test.body+" \r\n\t", bearer(test.token)); answer.Code != http.StatusCreated {
			t.Errorf("%s: status %d %s", test.address, answer.Code, answer.Body)
		}
	}
}

// Patterns are those of a shell.
func TestPatternsOfTheAPI(t *testing.T) {
	s := serve(t, nil)
	s.put(s.options.Load().Store, record.Item{Direction: "EDA", Name: "tool"}, record.Log, 11, `"message_level": "Error", "message": "of EDA"`)
	for pattern, want := range map[string]int{"[!L]*": 1, "[^L]*": 1, "[!E]*": 12, "L*": 12, "*": 13} {
		document := s.json("/api/v1/records/log?direction=" + url.QueryEscape(pattern))
		if got := len(document["records"].([]any)); got != want {
			t.Errorf("%s: %d records, want %d", pattern, got, want)
		}
	}
}

// The states of an item that the document names are those that can be answered.
func TestOpenAPINamesTheStates(t *testing.T) {
	var document struct {
		Components struct {
			Schemas struct {
				Item struct {
					Properties struct {
						Status struct{ Enum []heartbeat.State }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(openAPIDocument, &document); err != nil {
		t.Fatal(err)
	}
	want := slices.DeleteFunc(slices.Clone(heartbeat.States), func(state heartbeat.State) bool { return state == heartbeat.Stuck })
	if got := document.Components.Schemas.Item.Properties.Status.Enum; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// What is at the place of an item and is none is not there; its database can be read.
func TestItemThatIsNone(t *testing.T) {
	s := serve(t, nil)
	for name, make := range map[string]func(path string) error{
		"link":     func(path string) error { return os.Symlink("nodes", path) },
		"dangling": func(path string) error { return os.Symlink("none", path) },
		"circle":   func(path string) error { return os.Symlink("circle", path) },
		"file":     func(path string) error { return os.WriteFile(path, nil, 0o644) },
		"folder":   func(path string) error { return os.Mkdir(path, 0o755) },
	} {
		if err := make(filepath.Join(s.folder, "LSF", name)); err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{"/items/LSF/" + name, "/api/v1/items/LSF/" + name, "/items/" + name + "/x", "/items/LSF/" + name + "?year=2026"} {
			if answer := s.get(address); answer.Code != http.StatusNotFound {
				t.Errorf("%s: status %d", address, answer.Code)
			}
		}
	}
	if err := os.Symlink("LSF", filepath.Join(s.folder, "EDA")); err != nil {
		t.Fatal(err)
	}
	if answer := s.get("/items/EDA/nodes"); answer.Code != http.StatusNotFound {
		t.Errorf("below a link: status %d", answer.Code)
	}
}
