package web

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/mvrun/mvrun/record"
)

// served is a server over a small database, and its clock.
type served struct {
	*Server
	t      *testing.T
	folder string
	log    strings.Builder
	clock  time.Time
}

// serve makes a server with twelve log records of an item, one an hour, and an
// alarm whose texts are hostile.
func serve(t *testing.T, change func(o *Options)) *served {
	t.Helper()
	s := &served{t: t, folder: t.TempDir(), clock: time.Date(2026, 11, 26, 12, 30, 0, 0, time.UTC)}
	store, err := record.OpenStore(s.folder, record.StoreOptions{Host: "h1", Now: func() time.Time { return s.clock }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	item := record.Item{Direction: "LSF", Name: "nodes"}
	for hour := range 12 {
		s.put(store, item, record.Log, hour, `"message_level": "Error", "message": "number `+fmt.Sprint(hour)+`"`)
		s.put(store, item, record.Heartbeat, hour, `"user": "root", "host": "10.1.2.3", "script": "/ic/a.sh"`)
	}
	s.put(store, item, record.Run, 11, `"run": "r1", "exit_code": 0, "cause": "exited", "duration": 1.5`)
	s.put(store, item, record.Alarm, 11, `"md5": "x", "receivers": "alice", "send_alarm_result": "PASSED", "message": "<script>alert(1)</script> =cmd()"`)
	o := Options{Store: store, Version: "1.2.3", Host: "h1", Listen: "example.com:80"} // for which httptest asks
	if change != nil {
		change(&o)
	}
	s.Server = New(o, slog.New(slog.NewJSONHandler(&s.log, nil)), func() time.Time { return s.clock })
	return s
}

func (s *served) put(store *record.Store, item record.Item, kind record.Kind, hour int, rest string) {
	s.t.Helper()
	at := time.Date(2026, 11, 26, hour, 0, 0, 0, time.UTC)
	line := fmt.Sprintf(`{"time": "%s", %s, "ts": "%s"}`+"\n", at.Format(record.TimeLayout), rest, at.Format(record.StampLayout))
	if err := store.Append(item, kind, record.Day(at), []byte(line)); err != nil {
		s.t.Fatal(err)
	}
}

// get asks for an address; the head of the request may be changed.
func (s *served) get(address string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	return s.do(http.MethodGet, address, "", change...)
}

func (s *served) do(method, address, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	request := httptest.NewRequest(method, address, strings.NewReader(body))
	for _, c := range change {
		c(request)
	}
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, request)
	return answer
}

func (s *served) json(address string) map[string]any {
	s.t.Helper()
	answer := s.get(address)
	var document map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &document); err != nil || answer.Code != http.StatusOK {
		s.t.Fatalf("%s: status %d, %v: %.300s", address, answer.Code, err, answer.Body)
	}
	return document
}

// Pieces of a listing hold each record once, whatever is recorded meanwhile.
func TestCursor(t *testing.T) {
	s := serve(t, nil)
	var seen []string
	address := "/api/v1/records/log?limit=5"
	for range 5 {
		document := s.json(address)
		for _, r := range document["records"].([]any) {
			seen = append(seen, r.(map[string]any)["message"].(string))
		}
		s.put(s.options.Load().Store, record.Item{Direction: "LSF", Name: "nodes"}, record.Log, 13, `"message_level": "Info", "message": "later"`)
		next, more := document["next_cursor"].(string)
		if !more {
			break
		}
		address = "/api/v1/records/log?limit=5&cursor=" + url.QueryEscape(next)
	}
	want := []string{}
	for hour := 11; hour >= 0; hour-- {
		want = append(want, fmt.Sprintf("number %d", hour))
	}
	if !slices.Equal(seen, want) {
		t.Errorf("%v", seen)
	}
}

func TestBadRequests(t *testing.T) {
	s := serve(t, nil)
	cursorOf := s.json("/api/v1/records/log?limit=2")["next_cursor"].(string)
	for address, want := range map[string]int{
		"/api/v1/records/log?begin=soon":                                       400,
		"/api/v1/records/log?begin=2026-11-02&end=2026-11-01":                  400,
		"/api/v1/records/log?limit=0":                                          400,
		"/api/v1/records/log?limit=1001":                                       400,
		"/api/v1/records/log?level=Loud":                                       400,
		"/api/v1/records/log?item=[":                                           400,
		"/api/v1/records/log?kewyord=x":                                        400,
		"/api/v1/records/log?cursor=abc":                                       400,
		"/api/v1/records/alarm?cursor=" + cursorOf:                             400,
		"/api/v1/records/log?keyword=x&cursor=" + cursorOf:                     400,
		"/api/v1/records/monitor":                                              404,
		"/api/v1/records/nothing":                                              404,
		"/api/v1/items/LSF/none":                                               404,
		"/api/v1/items/LSF/..%2F..%2Fetc":                                      404,
		"/api/v1/nothing":                                                      404,
		"/records/nothing":                                                     404,
		"/items/LSF/none":                                                      404,
		"/static/..%2Fserver.go":                                               404,
		"/api/v1/records/log?keyword=" + strings.Repeat("x", 17<<10):           414,
		"/api/v1/records/log?item=unknown&direction=LSF&limit=10&begin=1h":     200,
		"/api/v1/records/log?begin=2026-11-26&end=2026-11-26&keyword=number+3": 200,
	} {
		answer := s.get(address)
		if answer.Code != want {
			t.Errorf("%.80s: status %d, want %d: %.200s", address, answer.Code, want, answer.Body)
		}
		if want == 400 && strings.HasPrefix(address, "/api/") && !strings.Contains(answer.Body.String(), `"detail":"`) {
			t.Errorf("%.80s: %s", address, answer.Body)
		}
	}
}

func TestETag(t *testing.T) {
	s := serve(t, nil)
	first := s.get("/api/v1/records/log?end=2026-11-26+12:00")
	tag := first.Header().Get("ETag")
	again := s.get("/api/v1/records/log?end=2026-11-26+12:00", func(r *http.Request) { r.Header.Set("If-None-Match", tag) })
	if tag == "" || again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("tag %q, status %d", tag, again.Code)
	}
}

// Texts of jobs are shown and never obeyed.
func TestHostileTexts(t *testing.T) {
	s := serve(t, nil)
	page := s.get("/records/alarm").Body.String()
	if strings.Contains(page, "<script>alert") || !strings.Contains(page, "&lt;script&gt;alert(1)") {
		t.Error("a script of a message is in the page")
	}
	csv := s.get("/export/alarm").Body.String()
	if !strings.Contains(csv, "<script>alert(1)</script> =cmd()") || strings.Contains(csv, "\n=") {
		t.Errorf("csv: %s", csv)
	}
	reflected := s.get("/records/log?keyword=%22%3E%3Cscript%3E").Body.String()
	if strings.Contains(reflected, `"><script>`) {
		t.Error("a script of the address is in the page")
	}
	for _, address := range []string{"/", "/records/log", "/items/LSF/nodes", "/api/v1/items", "/healthz", "/login", "/static/mvrun.css"} {
		head := s.get(address).Header()
		if policy := head.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || head.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", address, head)
		}
	}
}

func TestPagesInBothLanguages(t *testing.T) {
	s := serve(t, nil)
	for address, texts := range map[string][2]string{
		"/?wait=yes": {"All items", "全部监控项"}, "/records/log": {"Keyword", "关键字"}, "/items/LSF/nodes": {"Recent runs", "最近运行"}, "/login": {"Password", "密码"},
	} {
		english, chinese := s.get(address), s.get(address, func(r *http.Request) { r.Header.Set("Accept-Language", "zh-CN,zh;q=0.9,en;q=0.8") })
		if !strings.Contains(english.Body.String(), texts[0]) || !strings.Contains(chinese.Body.String(), texts[1]) {
			t.Errorf("%s: no %q and %q", address, texts[0], texts[1])
		}
	}
	chosen := s.get("/?lang=zh")
	if cookie := chosen.Result().Cookies(); len(cookie) != 1 || cookie[0].Name != langCookie || !strings.Contains(chosen.Body.String(), `lang="zh"`) {
		t.Errorf("cookies %v", cookie)
	}
}

func protected(o *Options) {
	hash, _ := bcrypt.GenerateFromPassword([]byte("open sesame"), bcrypt.MinCost)
	o.Users = []User{{"alice", string(hash)}}
	o.Tokens = []Token{{"reader-0123456789", []string{scopeRead}}, {"muter-0123456789", []string{scopeRead, scopeMute}}, {"probe-0123456789", []string{scopeIngest}}}
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func TestTokens(t *testing.T) {
	s := serve(t, protected)
	const mute = `{"pattern": "LSF/*", "for": "8h", "reason": "maintenance"}`
	for _, test := range []struct {
		method, address, body, token string
		want                         int
	}{
		{"GET", "/api/v1/items", "", "", 401}, {"GET", "/metrics", "", "", 401}, {"GET", "/healthz", "", "", 200}, {"GET", "/api/v1/nothing", "", "", 401},
		{"GET", "/api/v1/items", "", "reader-0123456788", 401}, {"GET", "/api/v1/items", "", "reader-0123456789", 200},
		{"POST", "/api/v1/mutes", mute, "reader-0123456789", 403}, {"POST", "/api/v1/mutes", mute, "muter-0123456789", 201},
		{"POST", "/api/v1/mutes", `{"pattern": "LSF/*"}`, "muter-0123456789", 400}, {"POST", "/api/v1/mutes", `{"patern": "x"}`, "muter-0123456789", 400},
		{"DELETE", "/api/v1/mutes?pattern=LSF", "", "reader-0123456789", 403}, {"DELETE", "/api/v1/mutes?pattern=LSF", "", "muter-0123456789", 204},
		{"DELETE", "/api/v1/mutes?pattern=LSF", "", "muter-0123456789", 404}, {"PUT", "/api/v1/mutes", "", "muter-0123456789", 405},
	} {
		if answer := s.do(test.method, test.address, test.body, bearer(test.token)); answer.Code != test.want {
			t.Errorf("%s %s with %q: status %d, want %d: %.200s", test.method, test.address, test.token, answer.Code, test.want, answer.Body)
		}
	}
	if strings.Contains(s.log.String(), "reader-0123456789") {
		t.Error("a token is in the log")
	}
}

// Who may only record sees nothing, and records what it says, without secrets.
func TestIngest(t *testing.T) {
	s := serve(t, func(o *Options) {
		protected(o)
		masker, err := record.NewMasker([]string{"badge [0-9]+"})
		if err != nil {
			t.Fatal(err)
		}
		o.Masker = masker
	})
	const heartbeat, logged = "/api/v1/records/heartbeat", "/api/v1/records/log"
	for _, test := range []struct {
		address, body, token string
		want                 int
	}{
		{heartbeat, `{"direction": "far", "item": "probe", "user": "pi"}`, "reader-0123456789", 403}, {heartbeat, `{"direction": "far", "item": "probe"}`, "", 401},
		{heartbeat, `{"direction": "far", "item": "probe", "user": "pi", "script": "/opt/probe.sh"}`, "probe-0123456789", 201},
		{logged, `{"direction": "far", "item": "probe", "level": "error", "message": "失联 password=hunter2 badge 4711"}`, "probe-0123456789", 201},
		{logged, `{"direction": "far", "item": "probe", "level": "loud", "message": "x"}`, "probe-0123456789", 400},
		{logged, `{"direction": "far", "item": "probe", "message": " "}`, "probe-0123456789", 400}, {logged, `{"direction": "../x", "item": "probe", "message": "x"}`, "probe-0123456789", 400},
		{logged, `{"direction": "far", "item": "probe", "time": "2020"}`, "probe-0123456789", 400}, {logged, `{`, "probe-0123456789", 400},
		{"/api/v1/records/alarm", `{}`, "probe-0123456789", 404}, {logged, `{"message": "` + strings.Repeat("x", maxRecord) + `"}`, "probe-0123456789", 413},
	} {
		if answer := s.do("POST", test.address, test.body, bearer(test.token)); answer.Code != test.want {
			t.Errorf("%s %.80s with %q: status %d, want %d: %.200s", test.address, test.body, test.token, answer.Code, test.want, answer.Body)
		}
	}
	if answer := s.get(logged, bearer("probe-0123456789")); answer.Code != http.StatusForbidden {
		t.Errorf("it may read: %d", answer.Code)
	}
	read := bearer("reader-0123456789")
	for address, want := range map[string]string{
		logged + "?item=probe": `"message": "失联 password=*** ***"`, heartbeat + "?item=probe": `"script": "/opt/probe.sh"`, "/api/v1/items/far/probe": `"status": "`,
	} {
		if body := s.get(address, read).Body.String(); !strings.Contains(body, want) {
			t.Errorf("%s: no %s in %s", address, want, body)
		}
	}
}

func TestLogin(t *testing.T) {
	s := serve(t, protected)
	if answer := s.get("/records/log?keyword=a"); answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != "/login?to=%2Frecords%2Flog%3Fkeyword%3Da" {
		t.Errorf("status %d to %s", answer.Code, answer.Header().Get("Location"))
	}
	login := func(password, to string) *httptest.ResponseRecorder {
		return s.do("POST", "/login", url.Values{"user": {"alice"}, "password": {password}, "to": {to}}.Encode(), form)
	}
	if answer := login("wrong", "/"); answer.Code != http.StatusUnauthorized {
		t.Errorf("a wrong password: %d", answer.Code)
	}
	answer := login("open sesame", "//evil.example")
	cookies := answer.Result().Cookies()
	if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != "/" || len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode {
		t.Fatalf("status %d to %q, cookies %v", answer.Code, answer.Header().Get("Location"), cookies)
	}
	with := func(r *http.Request) { r.AddCookie(cookies[0]) }
	page := s.get("/", with)
	_, rest, _ := strings.Cut(page.Body.String(), `name="csrf" value="`)
	word, _, _ := strings.Cut(rest, `"`)
	const mute = `{"pattern": "LSF/*", "for": "8h"}`
	if answer := s.do("POST", "/api/v1/mutes", mute, with); answer.Code != http.StatusForbidden {
		t.Errorf("without the session's word: %d", answer.Code)
	}
	if answer := s.do("POST", "/api/v1/mutes", mute, with, func(r *http.Request) { r.Header.Set("X-CSRF-Token", word) }); answer.Code != http.StatusCreated || !strings.Contains(answer.Body.String(), `"by":"alice"`) {
		t.Errorf("with it: %d %s", answer.Code, answer.Body)
	}
	item := s.get("/items/LSF/nodes", with)
	if !strings.Contains(item.Body.String(), `name="do" value="mute"`) {
		t.Error("the item's page has no form")
	}
	post := func(values url.Values) int {
		return s.do("POST", "/items/LSF/nodes", values.Encode(), form, with).Code
	}
	if code := post(url.Values{"do": {"mute"}, "for": {"8h"}}); code != http.StatusForbidden {
		t.Errorf("a form of another site: %d", code)
	}
	if code := post(url.Values{"do": {"mute"}, "for": {"soon"}, "csrf": {word}}); code != http.StatusBadRequest {
		t.Errorf("a form that says no time: %d", code)
	}
	if code := post(url.Values{"do": {"mute"}, "for": {"8h"}, "reason": {"maintenance"}, "csrf": {word}}); code != http.StatusSeeOther {
		t.Errorf("a form: %d", code)
	}
	until := s.clock.Add(8 * time.Hour).Local().Format(record.TimeLayout)
	s.clock = s.clock.Add(time.Second)
	mutes := s.get("/api/v1/mutes", with).Body.String()
	logs := s.get("/api/v1/records/log?direction=default", with).Body.String()
	if !strings.Contains(mutes, `"pattern":"LSF/nodes"`) || !strings.Contains(logs, "LSF/nodes is muted by alice until "+until+": maintenance") {
		t.Errorf("%s%s", mutes, logs)
	}
	if code := post(url.Values{"do": {"unmute"}, "csrf": {word}}); code != http.StatusSeeOther || strings.Contains(s.get("/api/v1/mutes", with).Body.String(), "LSF/nodes") {
		t.Errorf("unmuting: %d", code)
	}
	s.clock = s.clock.Add(13 * time.Hour)
	if answer := s.get("/", with); answer.Code != http.StatusSeeOther {
		t.Errorf("a session that is over: %d", answer.Code)
	}
	for range maxAttempts {
		login("wrong", "/")
	}
	if answer := login("open sesame", "/"); answer.Code != http.StatusTooManyRequests {
		t.Errorf("after too many attempts: %d", answer.Code)
	}
	s.clock = s.clock.Add(2 * time.Minute)
	if answer := login("open sesame", "/"); answer.Code != http.StatusSeeOther {
		t.Errorf("a minute later: %d", answer.Code)
	}
	if strings.Contains(s.log.String(), "sesame") {
		t.Error("a password is in the log")
	}
}

func TestClientBehindProxies(t *testing.T) {
	s := serve(t, func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	for _, test := range []struct{ remote, forwarded, want string }{
		{"192.0.2.1:99", "203.0.113.9", "192.0.2.1"}, {"10.0.0.5:99", "203.0.113.9", "203.0.113.9"}, {"10.0.0.5:99", "1.1.1.1, 203.0.113.9, 10.2.3.4", "203.0.113.9"},
		{"10.0.0.5:99", "", "10.0.0.5"}, {"10.0.0.5:99", "nonsense", "10.0.0.5"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = test.remote
		r.Header.Set("X-Forwarded-For", test.forwarded)
		if got := s.client(r); got != test.want {
			t.Errorf("%v: %s", test, got)
		}
	}
}

func TestHealthOfALostDatabase(t *testing.T) {
	s := serve(t, nil)
	if answer := s.get("/healthz"); answer.Code != 200 || answer.Body.String() != "ok\n" {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	if err := os.Rename(s.folder, s.folder+".gone"); err != nil {
		t.Fatal(err)
	}
	answer := s.get("/healthz")
	if answer.Code != http.StatusServiceUnavailable || strings.Contains(answer.Body.String(), s.folder) {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

// The metrics are those of the golden file: a HELP text must never change.
func TestMetrics(t *testing.T) {
	s := serve(t, nil)
	answer := s.get("/metrics")
	golden := filepath.Join("testdata", "metrics.golden")
	if os.Getenv("UPDATE") != "" {
		_ = os.MkdirAll("testdata", 0o755)
		if err := os.WriteFile(golden, answer.Body.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || answer.Body.String() != string(want) {
		t.Errorf("%v\n%s", err, answer.Body)
	}
	open := s.get("/metrics", func(r *http.Request) { r.Header.Set("Accept", "application/openmetrics-text") })
	if !strings.HasSuffix(open.Body.String(), "\n# EOF\n") || !strings.HasPrefix(open.Header().Get("Content-Type"), "application/openmetrics-text; version=1.0.0") {
		t.Error("no OpenMetrics")
	}
}

// What the API document names is there.
func TestOpenAPI(t *testing.T) {
	s := serve(t, nil)
	document := s.json("/api/v1/openapi.json")
	for path := range document["paths"].(map[string]any) {
		path = strings.NewReplacer("{direction}", "LSF", "{item}", "nodes", "{kind}", "run", "{id}", "r1").Replace(path)
		if path == "/events" {
			continue // has no end; see TestEvents
		}
		if answer := s.get(path); answer.Code != http.StatusOK {
			t.Errorf("%s: %d", path, answer.Code)
		}
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("/records/log?begin=7d&cursor=abc&keyword=%00")
	f.Add("/api/v1/items/%2e%2e/x")
	f.Add("/runs/20261126T?from=1&search=%ff")
	f.Add("/items/a/b?year=2024")
	f.Add("/events")
	f.Add("/records/monitor?where.Status=late&sort=-Runs&limit=1&item=%5Ba-z%5D")
	f.Add("/api/v1/summary?begin=2024-10-25&end=yesterday&direction=LSF")
	f.Add("/?state=late&search=%F0%9F%98%80&page=-1&range=7d&wait=1&lang=zh")
	f.Add("/export/alarm?format=json&receivers=a;b&not=%zz")
	f.Add("/static/..%2Fserver.go?x=%00")
	store, err := record.OpenStore(f.TempDir(), record.StoreOptions{Host: "h1"})
	if err != nil {
		f.Fatal(err)
	}
	s := New(Options{Store: store}, slog.New(slog.NewTextHandler(io.Discard, nil)), time.Now)
	f.Fuzz(func(t *testing.T, address string) {
		parsed, err := url.ParseRequestURI("http://h" + address)
		if err != nil {
			return
		}
		r := httptest.NewRequest("GET", "http://h/", nil)
		r.URL, r.RequestURI = parsed, address
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, r)
		if answer.Code >= 500 && answer.Code != http.StatusServiceUnavailable {
			t.Errorf("%q: %d %s", address, answer.Code, answer.Body)
		}
	})
}
