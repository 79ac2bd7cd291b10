package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// muter is somebody who has logged in, with the word of the session.
type muter struct {
	*served
	cookie *http.Cookie
	word   string
}

// form makes a request one of a form.
func form(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }

// serveMuter makes a server over items of the names and lets somebody log in.
func serveMuter(t *testing.T, items ...record.Item) *muter {
	t.Helper()
	s := serve(t, protected)
	for _, item := range items {
		s.put(s.options.Load().Store, item, record.Heartbeat, 12, `"user": "root"`)
	}
	login := s.do("POST", "/login", url.Values{"user": {"alice"}, "password": {"open sesame"}}.Encode(), form)
	m := &muter{served: s, cookie: login.Result().Cookies()[0]}
	_, rest, _ := strings.Cut(s.get("/", m.with).Body.String(), `name="csrf" value="`)
	m.word, _, _ = strings.Cut(rest, `"`)
	return m
}

func (m *muter) with(r *http.Request) { r.AddCookie(m.cookie) }

// post sends the form of an item's page.
func (m *muter) post(item record.Item, pairs ...string) *httptest.ResponseRecorder {
	m.t.Helper()
	values := url.Values{"csrf": {m.word}}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	answer := m.do("POST", itemAddress(item), values.Encode(), form, m.with)
	if answer.Code != http.StatusSeeOther {
		m.t.Errorf("%s, %v: status %d: %s", item, pairs, answer.Code, answer.Body)
	}
	return answer
}

// in lists the items in a state.
func (m *muter) in(state string) string {
	m.t.Helper()
	var names []string
	judged, err := m.judge()
	if err != nil {
		m.t.Fatal(err)
	}
	for _, verdict := range judged.verdicts {
		if string(verdict.State) == state {
			names = append(names, verdict.Item.String())
		}
	}
	return strings.Join(names, " ")
}

// The form of an item's page is about this item alone, whatever is in its name.
func TestMuteOfOneItem(t *testing.T) {
	starred := record.Item{Direction: "o*d", Name: "a*b"}
	others := []record.Item{{Direction: "o*d", Name: "a#b"}, {Direction: "o*d", Name: "axb"}, {Direction: "odd", Name: "a*b"}}
	for _, item := range []record.Item{starred, {Direction: "LSF", Name: "disk[1]"}, {Direction: "LSF", Name: "half[of"}, {Direction: "LSF", Name: `a\b?`}} {
		s := serveMuter(t, append(others, item)...)
		s.post(item, "do", "mute", "for", "8h")
		if got := s.in("muted"); got != item.String() {
			t.Errorf("%s: muted are %s", item, got)
		}
		s.post(item, "do", "unmute")
		if got := s.in("muted"); got != "" {
			t.Errorf("%s: still muted are %s", item, got)
		}
		before := s.in("ok")
		s.post(item, "do", "retire")
		if got, want := s.in("ok"), strings.Join(strings.Fields(strings.Replace(before+" ", item.String()+" ", "", 1)), " "); got != want {
			t.Errorf("%s retired: well are %s, not %s", item, got, want)
		}
		for _, address := range []string{itemAddress(item), "/api/v1" + itemAddress(item)} {
			if answer := s.get(address, s.with); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "retired") {
				t.Errorf("%s: %d", address, answer.Code)
			}
		}
		byName := "/api/v1/items?item=" + url.QueryEscape(record.LiteralPattern(item.Name))
		if body := s.get(byName, s.with).Body.String(); !strings.Contains(body, `"retired"`) {
			t.Errorf("asked for by name: %s", body)
		}
		s.post(item, "do", "unmute")
		if got := s.in("ok"); got != before {
			t.Errorf("%s: well are %s, not %s", item, got, before)
		}
	}
}

// A mute that was given by the name as it is ends from the page, too.
func TestEndOfAPlainMute(t *testing.T) {
	item := record.Item{Direction: "LSF", Name: "disk[1]"}
	s := serveMuter(t, item)
	for _, retired := range []bool{false, true} {
		mute := record.Mute{Pattern: item.String(), Since: s.clock, By: "bob", Until: s.clock.AddDate(0, 0, 1), Retired: retired}
		if err := s.options.Load().Store.PutMute(mute); err != nil {
			t.Fatal(err)
		}
	}
	s.post(item, "do", "unmute")
	if body := s.get("/api/v1/mutes", s.with).Body.String(); strings.Contains(body, "disk") {
		t.Error(body)
	}
}

// Having muted, one is on the item's page again.
func TestMuteLeadsBack(t *testing.T) {
	for _, name := range []string{"nodes", "a?b", "a#b", "50%", "%2e", "a;b&c", "失联"} {
		item := record.Item{Direction: "o#d", Name: name}
		s := serveMuter(t, item)
		location := s.post(item, "do", "mute", "for", "8h").Header().Get("Location")
		if page := s.get(location, s.with); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "is muted by alice") {
			t.Errorf("%s: %s: status %d", name, location, page.Code)
		}
	}
}

// How long is said as on the command line.
func TestHowLongAMuteLasts(t *testing.T) {
	item := record.Item{Direction: "LSF", Name: "nodes"}
	s := serveMuter(t)
	for text, want := range map[string]time.Duration{
		"2d": 48 * time.Hour, "90": 90 * time.Second, " 8h ": 8 * time.Hour, "1h30m": 90 * time.Minute, "366d": longestMute,
		"": 0, "0": 0, "-1": 0, "soon": 0, "367d": 0, "8785h": 0, "1e300": 0, "NaN": 0,
	} {
		body := `{"pattern": "LSF/nodes", "for": "` + text + `"}`
		answer := s.do("POST", "/api/v1/mutes", body, bearer("muter-0123456789"))
		switch until := s.clock.Add(want).Format(time.RFC3339); {
		case want == 0 && (answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), "1h30m or 2d, at most a year")):
			t.Errorf("%q: status %d, %s", text, answer.Code, answer.Body)
		case want > 0 && (answer.Code != http.StatusCreated || !strings.Contains(answer.Body.String(), `"until":"`+until)):
			t.Errorf("%q: status %d, %s", text, answer.Code, answer.Body)
		}
	}
	s.post(item, "do", "mute", "for", "2d")
	if muted := s.get("/api/v1/mutes", s.with).Body.String(); !strings.Contains(muted, s.clock.AddDate(0, 0, 2).Format(time.RFC3339)) {
		t.Errorf("by the form: %s", muted)
	}
}

// Who is logged in may ask for the head of a page, which changes nothing.
func TestHeadOfALoggedIn(t *testing.T) {
	m := serveMuter(t)
	for _, path := range []string{"/", "/items/LSF/nodes", "/api/v1/items"} {
		if answer := m.do("HEAD", path, "", m.with); answer.Code != http.StatusOK {
			t.Errorf("HEAD %s: %d", path, answer.Code)
		}
	}
}
