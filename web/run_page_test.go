package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// The run of the tests below, which has failed, and the good one before it.
const (
	failedRun = "20261126T110000Z-0123456789"
	goodRun   = "20261126T100000Z-abcdef0123"
)

// serveRun serves a run with a kept output.
func serveRun(t *testing.T, output string) *served {
	t.Helper()
	s := serve(t, nil)
	store := s.options.Load().Store
	for hour, run := range map[int]string{10: goodRun, 11: failedRun} {
		id := `"run": "` + run + `"`
		s.put(store, hostile, record.Heartbeat, hour, id+`, "hostname": "h1", "user": "root", "startup": "crontab"`)
		status, argv := 0, `["/a.sh", "<script>alert(1)</script>"]`
		if run == failedRun {
			status = 3
		}
		s.put(store, hostile, record.Run, hour, fmt.Sprintf(`%s, "exit_code": %d, "cause": "exited", "duration": 2.5, "output": "kept", "stdout_bytes": %d, "stdout_lines": 2, "argv": %s, "labels": {"team": "<b>"}, "start": "2026-11-26T%d:00:00Z"`,
			id, status, len(output), argv, hour))
	}
	s.put(store, hostile, record.Log, 11, `"message_level": "Error", "message": "<script>alert(2)</script>", "run": "`+failedRun+`"`)
	s.put(store, hostile, record.Alarm, 11, `"alarm": "a1", "receivers": "alice", "send_alarm_result": "FAILED", "attempts": 1, "error": "<script>", "message": "m", "run": "`+failedRun+`"`)
	s.put(store, hostile, record.Alarm, 12, `"alarm": "a1", "receivers": "alice", "send_alarm_result": "PASSED", "attempts": 2, "message": "m", "run": "`+failedRun+`"`)
	if err := store.Meta().WriteFile([]byte(output), 0o644, record.MetaFolder, "output", hostile.Direction, hostile.Name, failedRun); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRunPage(t *testing.T) {
	s := serveRun(t, "first\n<script>alert(3)</script>\x1b[31m\npassword=hunter2\n")
	answer := s.get(runAddress(failedRun))
	body := answer.Body.String()
	if answer.Code != http.StatusOK || strings.Contains(ownScripts.ReplaceAllString(body, ""), "<script") || strings.Contains(body, "\x1b") || strings.Contains(body, "hunter2") {
		t.Fatalf("status %d: %s", answer.Code, body)
	}
	for _, want := range []string{
		"failed", "exit status 3", "&lt;script&gt;alert(1)", "&lt;script&gt;alert(2)", "&lt;script&gt;alert(3)", `\x1b[31m`, "team=&lt;b&gt;",
		`href="/runs/` + goodRun + `"`, `href="` + strings.ReplaceAll(itemAddress(hostile), "'", "&#39;") + `"`, "≠", "FAILED</span> attempt 1 failed", "PASSED</span> sent at attempt 2",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	for _, address := range links(body) {
		if strings.HasPrefix(address, "/display") {
			continue // leads back
		}
		if answer := s.get(address); answer.Code != http.StatusOK {
			t.Errorf("%s: status %d", address, answer.Code)
		}
	}
	if chinese := s.get(runAddress(failedRun) + "?lang=zh").Body.String(); !strings.Contains(chinese, "与上次成功运行对比") || !strings.Contains(chinese, "退出状态 3") {
		t.Error("the Chinese page is not Chinese")
	}
}

func TestRunAddresses(t *testing.T) {
	s := serveRun(t, "x\n")
	for address, want := range map[string]int{
		"/runs/" + failedRun: 200, "/runs/" + failedRun[:20]: 302, "/runs/20261126T": 404, "/runs/nothing": 404, "/runs/20261126T110000Z-9999999999": 404, "/runs/a%2Fb": 404, "/runs/%00": 404,
		"/runs/" + failedRun + "/output": 200, "/runs/" + goodRun + "/output": 404, "/runs/nothing/output": 404, "/api/v1/runs/nothing": 404, "/api/v1/runs/" + failedRun[:20]: 200,
		"/runs/" + failedRun + "?from=0": 400, "/runs/" + failedRun + "?from=x": 400, "/runs/" + failedRun + "?from=99999": 200, "/runs/" + failedRun + "?search=" + strings.Repeat("x", maxSearch+1): 400,
		"/runs/20261126T?item=nodes": 404,
	} {
		if answer := s.get(address); answer.Code != want {
			t.Errorf("%.80s: status %d, want %d: %.300s", address, answer.Code, want, answer.Body)
		}
	}
	if to := s.get("/runs/" + failedRun[:20]).Header().Get("Location"); to != "/runs/"+failedRun {
		t.Errorf("a part of an id leads to %s", to)
	}
}

// The document is that of the command, but for where the database is.
func TestRunOfTheAPI(t *testing.T) {
	s := serveRun(t, "x\n")
	store := s.options.Load().Store
	report, err := viewer.ReadRun(store, failedRun, s.clock, viewer.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := viewer.PrintRun(&want, report, viewer.Options{Format: viewer.JSON, Now: s.clock}); err != nil {
		t.Fatal(err)
	}
	got := s.get("/api/v1/runs/" + failedRun).Body.String()
	if got != strings.ReplaceAll(want.String(), store.Path()+"/", "") || strings.Contains(got, s.folder) || !json.Valid([]byte(got)) {
		t.Errorf("%s\n%s", got, want.String())
	}
}

func TestRunUnderWay(t *testing.T) {
	s := serve(t, nil)
	store := s.options.Load().Store
	id := "20261126T120000Z-0123456789"
	s.put(store, hostile, record.Heartbeat, 12, `"run": "`+id+`", "hostname": "h1"`)
	if unknown := s.get(runAddress(id)).Body.String(); !strings.Contains(unknown, "run-unknown") {
		t.Error(unknown)
	}
	mark := record.Mark{Run: id, Start: "2026-11-26T12:00:00Z", Process: record.Self()}
	if err := store.MarkRunning(hostile, mark); err != nil {
		t.Fatal(err)
	}
	running := s.get(runAddress(id)).Body.String()
	if !strings.Contains(running, "run-running") || !strings.Contains(running, "30m") || !strings.Contains(running, "once the run has ended") {
		t.Error(running)
	}
	if item := s.get(itemAddress(hostile)).Body.String(); !strings.Contains(item, "run-bar run-running") || !strings.Contains(item, `class="state good"`) {
		t.Error(item)
	}
}

func TestOutputIsDownloadedAsText(t *testing.T) {
	output := "<script>alert(3)</script>\n第二行\n"
	s := serveRun(t, output)
	answer := s.get(runAddress(failedRun) + "/output")
	head := answer.Header()
	if answer.Body.String() != output || head.Get("Content-Type") != "text/plain; charset=utf-8" || head.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(head.Get("Content-Disposition"), "attachment; ") {
		t.Errorf("%v %q", head, answer.Body)
	}
}

// bigOutput is longer than what is shown at once.
func bigOutput() string {
	var b strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&b, "line %d is\r\n", i+1)
	}
	return b.String()
}

func TestOutputInPieces(t *testing.T) {
	s := serveRun(t, bigOutput())
	seen := map[string]bool{}
	pages := 0
	for address := runAddress(failedRun) + "?from=1"; address != ""; pages++ {
		body := s.get(address).Body.String()
		if lines := strings.Count(body, "<code>"); lines != pieceLines {
			t.Errorf("%s has %d lines", address, lines)
		}
		for _, line := range strings.Split(body, "\n") {
			if _, rest, ok := strings.Cut(line, "<code>"); ok {
				seen[rest] = true
			}
		}
		_, behind, _ := strings.Cut(body, "/ 3000 <a href=\"")
		address, _, _ = strings.Cut(behind, "#")
	}
	if pages != 6 || len(seen) != 3000 {
		t.Errorf("%d lines on %d pages", len(seen), pages)
	}
	if last := s.get(runAddress(failedRun)).Body.String(); !strings.Contains(last, "<code>line 3000 is</code>") || strings.Contains(last, "<code>line 2500 is<") || !strings.Contains(last, "2501–3000 / 3000") {
		t.Error("at first, the end is not shown")
	}
}

func TestOutputSearch(t *testing.T) {
	s := serveRun(t, bigOutput()+"<B>bold</B> 失败\n"+strings.Repeat("界", 100_000)+"needle\n")
	search := func(text string) string {
		return s.get(runAddress(failedRun) + "?search=" + url.QueryEscape(text)).Body.String()
	}
	one := search("LINE 1234 ")
	if strings.Count(one, "<code>") != 1+2*contextLines || !strings.Contains(one, `id="L1234"`) || !strings.Contains(one, "<mark>line 1234 </mark>") || !strings.Contains(one, "1 place<") {
		t.Errorf("one place: %s", one)
	}
	if two := search("line 100"); strings.Count(two, "<mark>") != 11 || strings.Count(two, "<hr>") != 1 { // 100, and 1000 to 1009
		t.Errorf("%d marks, %d gaps", strings.Count(two, "<mark>"), strings.Count(two, "<hr>"))
	}
	if tag := search("<b>"); !strings.Contains(tag, "<mark>&lt;B&gt;</mark>bold") {
		t.Error("what is searched for is markup")
	}
	if many := search("line"); !strings.Contains(many, "more than 200 places") || len(many) > 200_000 {
		t.Errorf("an answer of %d bytes", len(many))
	}
	if long := search("needle"); len(long) > 100_000 || !strings.Contains(long, "1 place<") {
		t.Errorf("an answer of %d bytes", len(long))
	}
	if none := search(`"><script>`); !strings.Contains(none, "Nothing was found.") || strings.Contains(none, `"><script>`) {
		t.Error("nothing is found otherwise")
	}
}

// A kept output is at most as large as a small file; what somebody puts there is not
// taken into memory.
func TestOutputThatIsTooLarge(t *testing.T) {
	s := serveRun(t, strings.Repeat("x", 5<<20))
	answer := s.get(runAddress(failedRun))
	if answer.Code != http.StatusOK || answer.Body.Len() > 100_000 || strings.Contains(answer.Body.String(), s.folder) {
		t.Errorf("status %d, %d bytes", answer.Code, answer.Body.Len())
	}
	s.clock = s.clock.Add(time.Hour)
	if s.get(runAddress(failedRun)+"/output").Code != http.StatusNotFound {
		t.Error("it is sent")
	}
}
