package tests

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// sending is an arena whose alarms go by channels.
func sending(t *testing.T, config string) *arena {
	t.Helper()
	a := newArena(t)
	writeFile(t, a.config, fmt.Sprintf("db_path: %s\nvalid_direction_dic: {d: alice bob}\nsend_wait: 5s\n%s", a.db, config), 0o644)
	return a
}

// hook is a web server that keeps what is posted to it.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	answer func(n int) int // status of the nth request, from 1 on
}

func newHook(t *testing.T) *hook {
	h := &hook{answer: func(int) int { return http.StatusOK }}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.bodies = append(h.bodies, string(body))
		w.WriteHeader(h.answer(len(h.bodies)))
		_, _ = io.WriteString(w, "ok")
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) posted() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.bodies...)
}

func (h *hook) channel(more string) string {
	return fmt.Sprintf("{type: http, url: '%s', body: '<TITLE>|<MESSAGE>|<RECEIVERS>', content_type: text/plain, proxy: none%s}", h.URL, more)
}

func TestSendingByChannels(t *testing.T) {
	t.Parallel()
	all, night := newHook(t), newHook(t)
	all.answer = func(n int) int { return []int{200, 503, 200, 200}[min(n, 4)-1] }
	a := sending(t, fmt.Sprintf("channels:\n  all: %s\n  night: %s\nroutes:\n  - {match: {item: 'night_*'}, channels: [night], receivers: carol, frequency: max 1 times}\n  - {channels: [all]}\n",
		all.channel(""), night.channel("")))
	a.mvrun(t, "-d", "d", "-i", "one", "--", "echo", "ALARM[title=\"a title\"]: 磁盘 97% '; $(id) <TITLE>")
	a.mvrun(t, "-d", "d", "-i", "night_job", "--", "printf", `ALARM: same\nALARM: same\n`)
	got := a.mvrun(t, "-d", "d", "-i", "two", "--", "echo", "ALARM: second")
	if want := []string{"a title|磁盘 97% '; $(id) <TITLE>|alice bob", "two|second|alice bob"}; strings.Join(all.posted(), "\n") != strings.Join(want, "\n") {
		t.Errorf("posted %q", all.posted())
	}
	if want := "night_job|same|alice bob carol"; strings.Join(night.posted(), "\n") != want {
		t.Errorf("posted at night %q", night.posted())
	}
	if !strings.Contains(got.stderr, "all: status 503") || strings.Contains(got.stderr, all.URL) {
		t.Errorf("stderr %q", got.stderr)
	}
	a.flush(t, 0)
	results := texts(a.records(t, "d", "two", "alarm"), "send_alarm_result")
	if strings.Join(results, " ") != "FAILED PASSED" {
		t.Errorf("results %q", results)
	}
	last := a.records(t, "d", "two", "alarm")[1]
	if last.text("attempts") != "2" || last.text("channels") != "[all]" {
		t.Errorf("recorded %v", last)
	}
}

// A burst is gathered into one digest, whatever the channel.
func TestSendingAStorm(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	a := sending(t, "channels:\n  hook: "+h.channel("")+"\nsend_wait: 60s\n")
	a.mvrun(t, "-d", "d", "-i", "storm", "--", "sh", "-c", `i=0; while [ $i -lt 500 ]; do i=$((i+1)); echo "ALARM: node n$i is down"; done`)
	posted := h.posted()
	if len(posted) != 21 || !strings.HasPrefix(posted[20], "storm: 480 more alarms|480 alarms of d/storm were held back") {
		t.Errorf("%d posted, the last is %.300q", len(posted), posted[max(0, len(posted)-1)])
	}
	counts := map[string]int{}
	for _, result := range texts(a.records(t, "d", "storm", "alarm"), "send_alarm_result") {
		counts[result]++
	}
	if counts["PASSED"] != 21 || counts["SUPPRESSED"] != 480 {
		t.Errorf("recorded %v", counts)
	}
}

// 200 runs at once and a limit of three.
func TestSendingTogether(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	a := sending(t, "channels:\n  hook: "+h.channel("")+"\n")
	n := fullTimes(200, 40)
	inParallel(n, 16, func(int) {
		command := a.command(binary, "-d", "d", "-i", "item", "--alarm-frequency", "max 3 times", "--", "echo", "ALARM: the same")
		if output, err := command.CombinedOutput(); err != nil || string(output) != "ALARM: the same\n" {
			t.Errorf("%v: %q", err, output)
		}
	})
	a.flush(t, 0)
	if posted := h.posted(); len(posted) != 3 {
		t.Errorf("%d were sent of %d", len(posted), n)
	}
	if alarms := a.records(t, "d", "item", "alarm"); len(alarms) != n {
		t.Errorf("%d are recorded of %d", len(alarms), n)
	}
}

// With every channel black-holed, the job is as quick as without, and mvrun
// leaves when send_wait is over.
func TestSendingIntoABlackHole(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() // takes connections and never answers
	address := listener.Addr().String()
	channels := fmt.Sprintf(`
channels:
  mail: {type: email, smtp: '%[1]s', domain: example.com}
  web: {type: http, url: 'http://%[1]s/', proxy: none}
  wecom: {type: wecom_bot, key: k, base_url: 'http://%[1]s', proxy: none}
`, address)
	for wait, most := range map[string]time.Duration{"0": 45 * time.Millisecond, "1s": 3 * time.Second} {
		a := sending(t, channels)
		writeFile(t, a.config, strings.Replace(readFile(t, a.config), "send_wait: 5s", "send_wait: "+wait, 1), 0o644)
		best, left, runs := time.Hour, time.Hour, 0
		for runs = 0; runs < 5 || runs < 20 && (best > maxDelay || left > most); runs++ {
			ended := filepath.Join(a.folder, "ended")
			got := observe(t, a.command(binary, "-d", "d", "-i", "item", "--", "sh", "-c", "echo ALARM: x; sleep 0.05; date +%s%N >"+ended))
			now := time.Now()
			if got.stdout != "ALARM: x\n" || got.status != 0 {
				t.Fatalf("%+v", got.result)
			}
			if wait == "0" && got.stderr != "" {
				t.Errorf("nobody waits for it, and stderr says %q", got.stderr)
			}
			nanoseconds, err := strconv.ParseInt(strings.TrimSpace(readFile(t, ended)), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			best, left = min(best, got.started), min(left, now.Sub(time.Unix(0, nanoseconds)))
		}
		if best > maxDelay || left > most {
			t.Errorf("send_wait %s: the first byte came after %v, mvrun left %v after the command", wait, best, left)
		}
		waiting, err := os.ReadDir(filepath.Join(a.db, ".mvrun", "outbox"))
		if err != nil || len(waiting) != runs {
			t.Errorf("send_wait %s: %d alarms of %d wait, %v", wait, len(waiting), runs, err)
		}
	}
}

// A mail server of another make takes the mails.
func TestSendingToAMailServer(t *testing.T) {
	t.Parallel()
	server := needProgram(t, "aiosmtpd")
	a := sending(t, "")
	box := filepath.Join(a.folder, "box")
	address := freeAddress(t)
	command := exec.Command(server, "-n", "-l", address, "-c", "aiosmtpd.handlers.Mailbox", box)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = command.Process.Kill(); _ = command.Wait() }()
	waitFor(t, time.Minute, "the mail server", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	writeFile(t, a.config, readFile(t, a.config)+fmt.Sprintf("channels:\n  mail: {type: email, smtp: '%s', domain: example.com, from: mvrun@example.com}\n", address), 0o644)
	a.mvrun(t, "-d", "d", "-i", "item", "--", "echo", "ALARM[title=\"节点失联\"]: n232 is unreachable")
	files, err := filepath.Glob(filepath.Join(box, "new", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("mails %v, %v: %v", files, err, a.records(t, "d", "item", "alarm"))
	}
	message, err := mail.ReadMessage(strings.NewReader(readFile(t, files[0])))
	if err != nil {
		t.Fatal(err)
	}
	to, err := message.Header.AddressList("To")
	if err != nil || len(to) != 2 || to[0].Address != "alice@example.com" || message.Header.Get("From") != `"mvrun" <mvrun@example.com>` {
		t.Errorf("to %v, %v, from %q", to, err, message.Header.Get("From"))
	}
	if body, _ := io.ReadAll(message.Body); !strings.Contains(string(body), "n232 is unreachable") {
		t.Errorf("body %q", body)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// What a server does is at most one warning on the job's stderr.
func TestSendingToNoServer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("220 hello\r\n\x00\xff garbage\r\n"))
			conn.Close()
		}
	}()
	a := sending(t, fmt.Sprintf("channels:\n  web: {type: http, url: 'http://%s/', proxy: none}\n", listener.Addr()))
	for range 5 {
		got := a.mvrun(t, "-d", "d", "-i", "item", "--", "echo", "ALARM: x")
		if lines := strings.Split(strings.TrimSpace(got.stderr), "\n"); len(lines) != 1 || !strings.HasPrefix(lines[0], "mvrun: warning: ") {
			t.Errorf("stderr %q", got.stderr)
		}
	}
}

// Nothing that mvrun prints, records or starts shows a secret.
func TestSendingTellsNoSecret(t *testing.T) {
	t.Parallel()
	const secret = "V3ryS3cretKey"
	for name, address := range map[string]string{"refused": "http://127.0.0.1:1", "garbage": newHook(t).URL} {
		a := sending(t, fmt.Sprintf("channels:\n  wecom: {type: wecom_bot, key: 'env:WECOM_KEY', base_url: '%s', proxy: none}\n  slack: {type: slack, url: '%s/%s', proxy: none}\n", address, address, secret))
		a.setenv("WECOM_KEY", secret)
		got := a.mvrun(t, "-d", "d", "-i", "item", "--", "echo", "ALARM: x")
		again := a.mvrun(t, "doctor")
		said := got.stderr + got.stdout + again.stdout + again.stderr
		_ = filepath.Walk(a.db, func(path string, info os.FileInfo, err error) error {
			if err == nil && info.Mode().IsRegular() {
				said += readFile(t, path)
			}
			return nil
		})
		if strings.Contains(said, secret) {
			t.Errorf("%s: tells the secret: %q", name, said)
		}
	}
}

// mvrun doctor --send sends one alarm that says what it is.
func TestSendingATestAlarm(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	a := sending(t, "channels:\n  hook: "+h.channel("")+"\nquiet_hours:\n  - {hours: '00:00-24:00', do: drop}\n")
	got := a.mvrun(t, "doctor", "--send", "--receivers", "carol", "--json")
	posted := h.posted()
	if got.status != 0 || len(posted) != 1 || !strings.HasPrefix(posted[0], "mvrun test alarm|This is a test. ") || !strings.HasSuffix(posted[0], "|carol") {
		t.Errorf("%+v, posted %q", got, posted)
	}
	for line := range strings.Lines(got.stdout) {
		var found struct {
			Check, Found string
			OK           bool
		}
		if err := json.Unmarshal([]byte(line), &found); err != nil || !found.OK {
			t.Errorf("%v in %q", err, line)
		}
	}
}
