package tests

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// dashboard is a running `mvrun serve`.
type dashboard struct {
	process *exec.Cmd
	url     string
	log     *serverLog
}

// serverLog keeps what a server logs, a JSON object a line.
type serverLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *serverLog) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(strings.Join(l.lines, "\n"), text)
}

// startServe starts a server at any free port, and ends it with the test.
func startServe(t testing.TB, s *site, args ...string) *dashboard {
	t.Helper()
	return startServer(t, s.command(binary, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...))
}

// startServer starts a command that becomes a server.
func startServer(t testing.TB, command *exec.Cmd) *dashboard {
	t.Helper()
	d := &dashboard{process: command, log: &serverLog{}}
	errors, err := d.process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.process.Start(); err != nil {
		t.Fatal(err)
	}
	listening := make(chan string, 1)
	go d.read(errors, listening)
	t.Cleanup(func() {
		_ = d.process.Process.Kill()
		_ = d.process.Wait()
	})
	select {
	case address := <-listening:
		d.url = "http://" + address
	case <-time.After(30 * time.Second):
		t.Fatalf("the server does not listen: %v", d.log.lines)
	}
	return d
}

func (d *dashboard) read(errors io.Reader, listening chan<- string) {
	scanner := bufio.NewScanner(errors)
	for scanner.Scan() {
		var line struct{ Msg, Address string }
		_ = json.Unmarshal(scanner.Bytes(), &line)
		d.log.mu.Lock()
		d.log.lines = append(d.log.lines, scanner.Text())
		d.log.mu.Unlock()
		if line.Msg == "listening" {
			listening <- line.Address
		}
	}
}

// get asks for an address with a bearer token, "" for none.
func (d *dashboard) get(t testing.TB, path, token string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, d.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(data)
}

// post sends a record with a bearer token.
func (d *dashboard) post(t *testing.T, path, token, body string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, d.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		text, _ := io.ReadAll(answer.Body)
		t.Errorf("%s: status %d: %s", path, answer.StatusCode, text)
	}
}

// serve shows what runs record, takes a changed config over, keeps the old one
// where the new one is bad, and ends when it is told to.
func TestServe(t *testing.T) {
	t.Parallel()
	s := newCheckSite(t, 1, "")
	s.mvrun(t, "-d", "LSF", "-i", "job", "--startup", "crontab", "--", "echo", "ERROR: <b>down</b>")
	d := startServe(t, s)
	for path, want := range map[string]string{
		"/healthz": "ok\n", "/api/v1/items": `"item": "item000"`, "/api/v1/summary": `"logs": 1`, "/api/v1/records/log": `"message": "<b>down</b>"`, "/records/log": "&lt;b&gt;down&lt;/b&gt;",
		"/?wait=yes": `<span class="state bad">stopped</span>`, "/export/log?sort=-message&where.item=JOB": "LSF,job,", "/metrics": `mvrun_item_runs_today{direction="LSF",item="job"} 1`, "/export/run": "Direction,Item,Time,Run,",
	} {
		if status, body := d.get(t, path, ""); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: status %d, no %q: %.300s", path, status, want, body)
		}
	}
	if r := s.mvrun(t, "check", "--remote", d.url); r.status != 0 {
		t.Errorf("check --remote: %d %s%s", r.status, r.stdout, r.stderr)
	}
	good := readFile(t, s.config)
	writeFile(t, s.config, good+"serve: {tokens: [{token: 0123456789abcdef, scopes: [read, ingest]}]}\n", 0o644)
	waitFor(t, 30*time.Second, "the changed config", func() bool { return d.log.has("config taken over") })
	if status, _ := d.get(t, "/api/v1/items", ""); status != http.StatusUnauthorized {
		t.Errorf("without the token: %d", status)
	}
	if status, _ := d.get(t, "/api/v1/items", "0123456789abcdef"); status != http.StatusOK {
		t.Errorf("with it: %d", status)
	}
	d.post(t, "/api/v1/records/heartbeat", "0123456789abcdef", `{"direction": "LSF", "item": "far"}`)
	if r := s.mvrun(t, "view", "heartbeat", "--item", "far", "--format", "json"); !strings.Contains(r.stdout, `"host": "127.0.0.1"`) {
		t.Errorf("what was sent is %q", r.stdout)
	}
	writeFile(t, s.config, good+"serve: {tls_cert: /etc/a.pem, tls_key: /etc/a.key, tokens: [{token: 0123456789abcdef, scopes: [read, ingest]}]}\n", 0o644)
	waitFor(t, 30*time.Second, "the certificate that is not taken over", func() bool { return d.log.has("serve.tls_key changed; start mvrun serve anew") })
	writeFile(t, s.config, "serve: {tokens: [{token: short}]}\n", 0o644)
	waitFor(t, 30*time.Second, "the fault", func() bool { return d.log.has("the one before stays in force") })
	if status, _ := d.get(t, "/api/v1/items", "0123456789abcdef"); status != http.StatusOK {
		t.Errorf("after a bad config: %d", status)
	}
	if d.log.has("0123456789abcdef") {
		t.Error("the token is in the log")
	}
	_ = d.process.Process.Signal(syscall.SIGTERM)
	waitFor(t, 30*time.Second, "the end", func() bool { return d.log.has(`"msg":"stopped"`) })
}

func TestServeListensWhereItMay(t *testing.T) {
	t.Parallel()
	s := newCheckSite(t, 0, "")
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0"} {
		if r := s.mvrun(t, "serve", "--listen", address); r.status != 1 || !strings.Contains(r.stderr, "without users or tokens") {
			t.Errorf("%s: status %d: %s", address, r.status, r.stderr)
		}
	}
	d := startServe(t, s)
	if r := s.mvrun(t, "serve", "--listen", strings.TrimPrefix(d.url, "http://")); r.status != 1 || !strings.Contains(r.stderr, "address already in use") {
		t.Errorf("a port in use: status %d: %s", r.status, r.stderr)
	}
	if r := s.mvrun(t, "serve", "--db", filepath.Join(s.folder, "nowhere")); r.status != 1 {
		t.Errorf("no database: status %d: %s", r.status, r.stderr)
	}
	command := s.command(binary, "serve", "--hash")
	command.Stdin = strings.NewReader("secret\n")
	if out, err := command.Output(); err != nil || !strings.HasPrefix(string(out), "$2a$") {
		t.Errorf("--hash: %v %s", err, out)
	}
}

// Readers get right answers while jobs record.
func TestServeWhileJobsRecord(t *testing.T) {
	t.Parallel()
	s := newCheckSite(t, 0, "")
	d := startServe(t, s)
	const jobs, readers = 20, 30
	var done atomic.Bool
	var writers, group sync.WaitGroup
	for i := range jobs {
		writers.Go(func() {
			s.mvrun(t, "-d", "LSF", "-i", fmt.Sprintf("job%d", i), "--", "sh", "-c", "for n in 1 2 3 4 5; do echo ERROR: $n; done")
		})
	}
	for range readers {
		group.Go(func() {
			for !done.Load() {
				status, body := d.get(t, "/api/v1/records/log?limit=1000", "")
				if status != http.StatusOK || !json.Valid([]byte(body)) {
					t.Errorf("status %d: %.200s", status, body)
					return
				}
			}
		})
	}
	writers.Wait()
	done.Store(true)
	group.Wait()
	_, body := d.get(t, "/api/v1/records/log?limit=1000&level=Error", "")
	if got := strings.Count(body, `"kind": "log"`); got != jobs*5 {
		t.Errorf("%d records, want %d", got, jobs*5)
	}
	if usage, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.process.Process.Pid)); err == nil {
		t.Logf("%s", strings.Join(strings.Fields(lineWith(string(usage), "VmHWM")), " "))
	}
}

func lineWith(text, part string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return line
		}
	}
	return ""
}
