package tests

import (
	"bufio"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// /events tells of a run as it is recorded, and does not keep the server from
// stopping; the pages of the item and of the run show it.
func TestServeEvents(t *testing.T) {
	t.Parallel()
	s := newCheckSite(t, 1, "")
	d := startServe(t, s)
	answer, err := http.Get(d.url + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	await := func(text string) {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), text) {
				return
			}
		}
		t.Fatalf("the stream has ended without %q: %v", text, lines.Err())
	}
	await(": listening")
	s.mvrun(t, "-d", "LSF", "-i", "检查%磁盘?", "--keep-output", "always", "--", "sh", "-c", "echo 'ERROR: <b>down</b>'; exit 3")
	await(`"LSF/检查%磁盘?"`)
	status, page := d.get(t, "/items/LSF/%E6%A3%80%E6%9F%A5%25%E7%A3%81%E7%9B%98%3F", "")
	_, rest, _ := strings.Cut(page, `href="/runs/`)
	run, _, _ := strings.Cut(rest, `"`)
	if status != http.StatusOK || run == "" || !strings.Contains(page, "&lt;b&gt;down&lt;/b&gt;") {
		t.Fatalf("the item's page: status %d: %s", status, page)
	}
	for path, want := range map[string]string{
		"/runs/" + run: "exit status 3", "/runs/" + run + "?search=DOWN": "<mark>down</mark>", "/runs/" + run + "/output": "ERROR: <b>down</b>\n",
		"/api/v1/runs/" + run: `"state": "failed"`, "/static/live.js": "EventSource",
	} {
		if status, body := d.get(t, path, ""); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: status %d, no %q: %.300s", path, status, want, body)
		}
	}
	_ = d.process.Process.Signal(syscall.SIGTERM)
	for lines.Scan() {
		continue
	}
	waitFor(t, 10*time.Second, "the end", func() bool { return d.log.has(`"msg":"stopped"`) })
}
