package tests

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// writeDays makes some days of an item, before today, with so many log records each.
func (s *site) writeDays(t *testing.T, item string, days, records int) {
	t.Helper()
	folder := filepath.Join(s.db, "LSF", item, "log")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for day := range days {
		at := time.Now().AddDate(0, 0, -1-day)
		var lines strings.Builder
		for n := range records {
			fmt.Fprintf(&lines, "{\"time\": %q, \"message_level\": \"Error\", \"message\": \"%s day %d number %d %s\"}\n", at.Format("2006-01-02 15:04:05"), item, day, n, strings.Repeat("x", 100))
		}
		writeFile(t, filepath.Join(folder, at.Format("20060102")), lines.String(), 0o644)
	}
}

// Requests that mean nothing are told so, and end nothing.
func TestServeBadInput(t *testing.T) {
	t.Parallel()
	s := newCheckSite(t, 2, "")
	s.writeDays(t, "job", 1, 5)
	d := startServe(t, s)
	var piece struct {
		Next string `json:"next_cursor"`
	}
	_, body := d.get(t, "/api/v1/records/log?limit=2", "")
	if err := json.Unmarshal([]byte(body), &piece); err != nil || piece.Next == "" {
		t.Fatalf("%v: %s", err, body)
	}
	for path, want := range map[string]string{
		"/records/log?begin=2024-02-30":                                       "400 there is no such date",
		"/records/log?begin=soon":                                             "400 is not a date",
		"/records/log?begin=2024-10-26&end=2024-10-25":                        "400 is not before the end",
		"/records/log?begin=2999-01-01":                                       "400 is in the future",
		"/records/log?begin=%00&end=%ff":                                      "400 is not a date",
		"/records/log?item=%5Ba":                                              "400 is not a pattern",
		"/records/log?item=..%2F..%2Fetc":                                     "400 contains a slash",
		"/records/log?level=Loud":                                             "400 is not a message level",
		"/records/log?limit=1e9":                                              "400 limit is a number",
		"/records/log?cursor=elsewhere":                                       "400 the cursor is not of this listing",
		"/records/log?item=job&cursor=" + piece.Next:                          "400 the cursor is not of this listing",
		"/records/alarm?cursor=" + piece.Next:                                 "400 the cursor is not of this listing",
		"/records/log?cursor=" + piece.Next[:len(piece.Next)-4]:               "400 the cursor is not of this listing",
		"/records/log?unknown=1":                                              "400 is not known",
		"/records/log?keyword=50%":                                            "400 the address cannot be read",
		"/records/nothing":                                                    "404 there are the kinds",
		"/items/LSF/nothing":                                                  "404 there is no item",
		"/items/LSF/..%2F..%2Fetc%2Fpasswd":                                   "404 there is no item",
		"/records/log?item=nothing":                                           "200 ",
		"/records/log?limit=2&cursor=" + piece.Next:                           "200 ",
		"/records/log?keyword=" + strings.Repeat("x", 20<<10):                 "414 too long",
		"/records/log?" + strings.Repeat("item=a*&", 2000):                    "200 ",
		"/records/log?keyword=" + strings.Repeat("%25%F0%9F%98%80%00%ff", 99): "200 ",
	} {
		for _, front := range []string{"", "/api/v1"} {
			status, body := d.get(t, front+path, "")
			code, text, _ := strings.Cut(want, " ")
			if fmt.Sprint(status) != code || !strings.Contains(body, text) {
				t.Errorf("%.100s: status %d, want %s: %.300s", front+path, status, want, body)
			}
		}
	}
	if status := d.rawStatus(t, "GET /records/log?keyword="+strings.Repeat("x", 10<<20)+" HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.HasPrefix(status, "HTTP/1.1 4") {
		t.Errorf("10 MB of an address: %q", status)
	}
	if status, _ := d.get(t, "/healthz", ""); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
	if high := highWater(t, d.process.Process.Pid); high > 64<<10 {
		t.Errorf("%d KiB of memory", high)
	}
}

// rawStatus sends bytes and gives the first line of the answer.
func (d *dashboard) rawStatus(t *testing.T, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, request) }() // the server need not take it all
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// A database that is renamed away in the middle of a listing is listed to its end;
// one that is removed is an error, and not a small database.
func TestViewOfAVanishingDatabase(t *testing.T) {
	t.Parallel()
	const days, records = 10, 2000 // a day is more than a pipe holds, and what is written to it at once
	for name, vanish := range map[string]func(db string) error{
		"renamed": func(db string) error { return os.Rename(db, db+".away") },
		"removed": os.RemoveAll,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCheckSite(t, 0, "")
			s.writeDays(t, "job", days, records)
			command := s.command(binary, "view", "log", "--begin", "60d", "--format", "json")
			var problems strings.Builder
			command.Stderr = &problems
			output, err := command.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(output)
			count := 0
			for lines.Scan() { // the pipe holds the lister up
				if count++; count == 1 {
					if err := vanish(s.db); err != nil {
						t.Fatal(err)
					}
				}
			}
			err = command.Wait()
			switch {
			case name == "renamed" && (err != nil || count != days*records || problems.Len() > 0):
				t.Errorf("%d records, %v: %s", count, err, &problems)
			case name == "removed" && (command.ProcessState.ExitCode() != 1 || !strings.Contains(problems.String(), "was removed while it was read")):
				t.Errorf("%d records, %v: %s", count, err, &problems)
			}
		})
	}
}

// A server says that its database is away, and reads it again when it is back.
func TestServeOfAVanishingDatabase(t *testing.T) {
	t.Parallel()
	s := newCheckSite(t, 0, "")
	s.writeDays(t, "job", 3, 10)
	d := startServe(t, s)
	expect := func(want int, text string) {
		t.Helper()
		for _, path := range []string{"/api/v1/records/log", "/records/log", "/", "/healthz", "/metrics", "/export/log"} {
			status, body := d.get(t, path, "")
			if status != want || strings.HasPrefix(path, "/api") && !strings.Contains(body, text) || want != 200 && strings.Contains(body, s.db) {
				t.Errorf("%s: %d, want %d: %.300s", path, status, want, body)
			}
		}
	}
	expect(200, "job day 2 number 9")
	if err := os.Rename(s.db, s.db+".away"); err != nil {
		t.Fatal(err)
	}
	expect(503, "the database cannot be read")
	if err := os.RemoveAll(s.db + ".away"); err != nil {
		t.Fatal(err)
	}
	s.writeDays(t, "another", 3, 10)
	expect(200, "another day 2 number 9")
	if _, body := d.get(t, "/api/v1/records/log", ""); strings.Contains(body, "job day") {
		t.Errorf("what was removed: %.300s", body)
	}
}

// Files that are cut and replaced while they are read give whole records only, each
// once.
func TestServeWhileFilesAreReplaced(t *testing.T) {
	t.Parallel()
	s := newCheckSite(t, 0, "")
	s.writeDays(t, "job", 1, 3000)
	file := filepath.Join(s.db, "LSF", "job", "log", time.Now().AddDate(0, 0, -1).Format("20060102"))
	content := readFile(t, file)
	d := startServe(t, s)
	var done atomic.Bool
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			for n := 0; n < 5 || !done.Load(); n++ {
				status, body := d.get(t, "/api/v1/records/log?limit=1000", "")
				var document crowdPage
				if err := json.Unmarshal([]byte(body), &document); err != nil || status != 200 {
					t.Errorf("status %d, %v: %.200s", status, err, body)
					return
				}
				seen := map[string]bool{}
				for _, r := range document.Records {
					if seen[r.Message] || !strings.Contains(content, `"`+r.Message+`"`) {
						t.Errorf("twice or torn: %q", r.Message)
						return
					}
					seen[r.Message] = true
				}
			}
		})
	}
	for n := range 200 {
		var err error
		switch n % 4 {
		case 0:
			err = os.Truncate(file, int64(len(content)*(n%17)/17))
		case 1:
			err = os.WriteFile(file, []byte(content), 0o644) // cuts it, and writes it anew
		case 2:
			err = os.Remove(file)
		case 3:
			if err = os.WriteFile(file+".new", []byte(content), 0o644); err == nil {
				err = os.Rename(file+".new", file)
			}
		}
		if err != nil {
			t.Error(err)
			break
		}
	}
	done.Store(true)
	group.Wait()
	if status, body := d.get(t, "/api/v1/records/log?limit=1000&keyword=number+1", ""); status != 200 || strings.Count(body, `"kind": "log"`) != 1000 {
		t.Errorf("in the end: status %d, %d records", status, strings.Count(body, `"kind": "log"`))
	}
}

// What another user may not read is named, and the rest is shown.
func TestUnreadableFolders(t *testing.T) {
	t.Parallel()
	needRoot(t)
	s := newCheckSite(t, 0, "")
	s.writeDays(t, "open", 2, 3)
	s.writeDays(t, "closed", 2, 3)
	for at := s.db; at != "/" && at != os.TempDir(); at = filepath.Dir(at) {
		if err := os.Chmod(at, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	closed := filepath.Join(s.db, "LSF", "closed", "log")
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	nobody := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobodyID, Gid: nobodyID}}
	command := s.command(binary, "view", "log", "--db", s.db, "--format", "json")
	command.SysProcAttr = nobody
	if r := run(t, command); r.status != 0 || strings.Count(r.stdout, "\n") != 6 || !strings.Contains(r.stderr, "Not read: ") || !strings.Contains(r.stderr, closed) {
		t.Errorf("view: %d, %d records: %s", r.status, strings.Count(r.stdout, "\n"), r.stderr)
	}
	server := s.command(binary, "serve", "--listen", "127.0.0.1:0", "--db", s.db)
	server.SysProcAttr = nobody
	d := startServer(t, server)
	for _, path := range []string{"/api/v1/records/log", "/records/log"} {
		if status, body := d.get(t, path, ""); status != 200 || !strings.Contains(body, "Not read: ") || !strings.Contains(body, "open day 1 number 2") {
			t.Errorf("%s: status %d: %.500s", path, status, body)
		}
	}
}

// A server with few descriptors answers more clients than it can hold connections
// of, and each answer is whole.
func TestServeWithFewDescriptors(t *testing.T) {
	t.Parallel()
	const clients, descriptors = 400, 256
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < 2*clients {
		lacks(t, "more descriptors (ulimit -n)")
	}
	s := newCheckSite(t, 0, "")
	s.writeDays(t, "job", 5, 10)
	d := startServer(t, s.command("sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0" serve --listen 127.0.0.1:0`, descriptors), binary))
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	for round := range 2 { // in the second, idle connections are there already
		var group sync.WaitGroup
		for range clients {
			group.Go(func() {
				answer, err := client.Get(d.url + "/api/v1/records/log")
				if err != nil {
					t.Errorf("round %d: %v", round, err)
					return
				}
				defer answer.Body.Close()
				body, err := io.ReadAll(answer.Body)
				if err != nil || answer.StatusCode != 200 || strings.Count(string(body), `"kind": "log"`) != 50 || strings.Contains(string(body), "notes") {
					t.Errorf("round %d: status %d, %v: %.300s", round, answer.StatusCode, err, body)
				}
			})
		}
		group.Wait()
	}
	if d.log.has("too many open files") {
		t.Error("it ran out of descriptors")
	}
}
