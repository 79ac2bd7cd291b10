package tests

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// newCheckSite is a site with items that have stopped, where no check is started in
// the background.
func newCheckSite(t testing.TB, items int, more string) *site {
	t.Helper()
	s := newSite(t)
	for i := range items {
		folder := filepath.Join(s.db, "LSF", fmt.Sprintf("item%03d", i))
		if err := os.MkdirAll(filepath.Join(folder, "heartbeat"), 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(folder, "heartbeat", "20241101"), `{"time": "2024-11-01 08:00:00", "user": "root", "host": "10.1.2.3", "script": "/ic/a.sh"}`+"\n", 0o644)
	}
	stamp := filepath.Join(s.db, ".mvrun", "check", "last")
	if err := os.MkdirAll(filepath.Dir(stamp), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, stamp, "", 0o644)
	writeFile(t, s.config, "db_path: "+s.db+"\nvalid_direction_dic: {default: root, LSF: alice}\n"+
		"send_alarm_command: 'printf \"%s\\n\" \"<MESSAGE>\" >>"+s.folder+"/sent'\n"+more, 0o644)
	return s
}

// sentLines gives the alarms that were sent.
func (s *site) sentLines(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.folder, "sent"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// toldOf counts the alarms that were sent of each item.
func (s *site) toldOf(t testing.TB) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, line := range s.sentLines(t) {
		if item, _, found := strings.Cut(line, ": no heartbeat"); found {
			counts[item]++
		}
	}
	return counts
}

// Many checks at once on many hosts tell of each item once, which is once a day.
func TestManyChecksAtOnceTellOnce(t *testing.T) {
	t.Parallel()
	const items, checks = 7, 20
	s := newCheckSite(t, items, "")
	begun := time.Now().Day()
	var group sync.WaitGroup
	for i := range checks {
		group.Go(func() {
			command := s.command(binary, "check")
			command.Env = append(command.Env, fmt.Sprintf("MVRUN_HOSTNAME=host%d", i))
			_ = command.Run()
		})
	}
	group.Wait()
	s.mvrun(t, "check") // sends what one of them may have left
	most := 1
	if time.Now().Day() != begun {
		most = 2 // midnight has passed
	}
	counts := s.toldOf(t)
	for i := range items {
		if item := fmt.Sprintf("LSF/item%03d", i); counts[item] < 1 || counts[item] > most {
			t.Errorf("%s was told of %d times", item, counts[item])
		}
	}
	if len(counts) != items {
		t.Errorf("told of %v", counts)
	}
}

// A check that is killed at any moment is made good by the next one: every item is
// told of, and at most once more than the kills that came between sending and
// recording.
func TestKilledChecksTellOfEverything(t *testing.T) {
	t.Parallel()
	const items = 5
	s := newCheckSite(t, items, "")
	for i := range 60 {
		command := s.command(binary, "check")
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(i)*time.Millisecond, func() { _ = command.Process.Kill() })
		_ = command.Wait()
		kill.Stop()
	}
	s.mvrun(t, "check")
	s.mvrun(t, "flush")
	counts := s.toldOf(t)
	for i := range items {
		if item := fmt.Sprintf("LSF/item%03d", i); counts[item] < 1 || counts[item] > 10 {
			t.Errorf("%s was told of %d times", item, counts[item])
		}
	}
}

// check --remote tells of the third failure in a row, and of the end.
func TestCheckRemote(t *testing.T) {
	t.Parallel()
	s := newCheckSite(t, 0, "")
	var status atomic.Int64
	status.Store(200)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			w.WriteHeader(404)
			return
		}
		w.WriteHeader(int(status.Load()))
	}))
	defer server.Close()
	check := func(want int) {
		t.Helper()
		if r := s.mvrun(t, "check", "--remote", server.URL); r.status != want || !strings.HasPrefix(r.stdout, server.URL+": ") {
			t.Fatalf("status %d, want %d: %s%s", r.status, want, r.stdout, r.stderr)
		}
	}
	lines := func(want int, last string) {
		t.Helper()
		if got := s.sentLines(t); len(got) != want || !strings.Contains(got[len(got)-1], last) {
			t.Fatalf("sent %q, want %d lines and %q", got, want, last)
		}
	}
	check(0)
	status.Store(500)
	check(1)
	check(1)
	lines(1, "")
	check(1)
	lines(1, server.URL+" has not answered 3 times in a row, since 20")
	check(1)
	lines(1, "")
	status.Store(200)
	check(0)
	lines(2, server.URL+" answers again")
	check(0)
	lines(2, "")
	server.Close()
	check(1)
	if r := s.mvrun(t, "check", "--remote", "monitor:5000"); r.status != 125 {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
	if r := s.mvrun(t, "check", "--remote", server.URL, "--direction", "LSF"); r.status != 125 || !strings.Contains(r.stderr, "--direction is about items") {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
	var answer struct {
		Remote, Error string
		OK            bool
	}
	r := s.mvrun(t, "check", "--dry-run", "--remote", server.URL, "--json")
	if err := json.Unmarshal([]byte(r.stdout), &answer); err != nil || r.status != 1 || answer.OK || answer.Remote != server.URL || answer.Error == "" {
		t.Errorf("status %d, %v: %s", r.status, err, r.stdout)
	}
}

// A check that could do its work pings an outside service; whether that answers is
// no matter of the check, and its key is told to nobody.
func TestCheckPings(t *testing.T) {
	t.Parallel()
	var pings atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ping/0123-secret-key" {
			pings.Add(1)
		}
	}))
	defer server.Close()
	s := newCheckSite(t, 1, "check: {ping_url: '"+server.URL+"/ping/0123-secret-key'}\n")
	s.mvrun(t, "check")
	if pings.Load() != 1 {
		t.Errorf("%d pings", pings.Load())
	}
	s.mvrun(t, "check", "--dry-run")
	if pings.Load() != 1 {
		t.Error("a dry run pings")
	}
	server.Close()
	if r := s.mvrun(t, "check"); r.status != 1 || !strings.Contains(r.stderr, "ping_url: ") || strings.Contains(r.stderr+r.stdout, "0123-secret-key") {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
}

// Alarms that cannot be sent are a problem that the check tells of, and doctor.
func TestCheckTellsOfStuckAlarms(t *testing.T) {
	t.Parallel()
	s := newCheckSite(t, 0, "")
	good := readFile(t, s.config)
	writeFile(t, s.config, strings.ReplaceAll(good, "printf", "exit 1; printf"), 0o644)
	s.mvrun(t, "-d", "LSF", "-i", "a", "--startup", "crontab", "--", "echo", "ALARM: x")
	if r := s.mvrun(t, "check", "--dry-run"); r.status != 0 {
		t.Errorf("an alarm of this minute is no problem: %s%s", r.stdout, r.stderr)
	}
	outbox := filepath.Join(s.db, ".mvrun", "outbox")
	files, err := os.ReadDir(outbox)
	if err != nil || len(files) != 1 {
		t.Fatalf("the outbox: %v, %v", files, err)
	}
	// <item>-<alarm>-<when it was raised, in UTC>-<random>
	name := files[0].Name()
	raised := strings.Split(name, "-")[2]
	earlier := time.Now().UTC().Add(-3*time.Hour).Format("20060102T150405") + raised[15:]
	entry := readFile(t, filepath.Join(outbox, name))
	if err := os.Remove(filepath.Join(outbox, name)); err != nil {
		t.Fatal(err)
	}
	due, _, _ := strings.Cut(name, "~") // behind it stands when it is tried again: a moment ago
	due = strings.ReplaceAll(due, raised, earlier) + "~" + strconv.FormatInt(time.Now().Unix()-1, 10)
	writeFile(t, filepath.Join(outbox, due), strings.ReplaceAll(entry, raised, earlier), 0o644)
	if r := s.mvrun(t, "check", "--dry-run"); r.status != 1 || !strings.Contains(r.stdout, "1 alarms could not be sent for more than an hour") {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
	if r := s.mvrun(t, "doctor"); r.status != 2 || !strings.Contains(r.stdout, "✗ outbox: 1 alarms wait, 1 of them for more than an hour") {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
	// Where no way to send is configured they can only wait, and nobody could be told.
	writeFile(t, s.config, "db_path: "+s.db+"\nvalid_direction_dic: {default: root, LSF: alice}\n", 0o644)
	if r := s.mvrun(t, "check", "--dry-run"); r.status != 0 {
		t.Errorf("without a way to send: status %d: %s%s", r.status, r.stdout, r.stderr)
	}
	if r := s.mvrun(t, "doctor"); r.status != 2 || !strings.Contains(r.stdout, "✗ sending: there is neither send_alarm_command nor a channel") {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
	writeFile(t, s.config, good, 0o644)
	s.mvrun(t, "check") // tells, and sends what was stuck
	if sent := strings.Join(s.sentLines(t), "\n"); !strings.Contains(sent, "default/check_script_heartbeat: 1 alarms could not be sent") || !strings.Contains(sent, "x") {
		t.Errorf("sent: %s", sent)
	}
	if r := s.mvrun(t, "check"); r.status != 0 || !strings.Contains(strings.Join(s.sentLines(t), "\n"), "default/check_script_heartbeat: is well again") {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
}

// Of many checks that runs have started in the background at the same moment, one
// goes through.
func TestBackgroundChecksGoThroughOnce(t *testing.T) {
	t.Parallel()
	s := newCheckSite(t, 3, "")
	stamp := filepath.Join(s.db, ".mvrun", "check", "last")
	yesterday := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(stamp, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 12 {
		group.Go(func() {
			if r := s.mvrun(t, "check", "--background"); r.stdout != "" || r.stderr != "" {
				t.Errorf("it says %q and %q", r.stdout, r.stderr)
			}
		})
	}
	group.Wait()
	if beats := s.records(t, "default", "check_script_heartbeat", "heartbeat"); len(beats) != 1 || beats[0].text("startup") != "mvrun" {
		t.Errorf("heartbeats of checks: %v", beats)
	}
	if told := s.toldOf(t); len(told) != 3 {
		t.Errorf("told of %v", told)
	}
	s.mvrun(t, "check", "--background") // it is fresh now
	if beats := s.records(t, "default", "check_script_heartbeat", "heartbeat"); len(beats) != 1 {
		t.Errorf("a check went through again")
	}
}

// That an item cannot be read is not that it is well.
func TestUnreadableItemsAreNotBack(t *testing.T) {
	t.Parallel()
	s := newCheckSite(t, 2, "")
	s.mvrun(t, "check")
	if got := s.sentLines(t); len(got) != 4 { // two lines each
		t.Fatalf("sent %q", got)
	}
	day := filepath.Join(s.db, "LSF", "item000", "heartbeat", "20241101")
	if err := os.Rename(day, day+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(day, day); err != nil { // nobody can open it
		t.Fatal(err)
	}
	if r := s.mvrun(t, "check"); r.status != 1 || !strings.Contains(r.stderr, "warning") {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
	if err := errors.Join(os.Remove(day), os.Rename(day+".away", day)); err != nil {
		t.Fatal(err)
	}
	s.mvrun(t, "check")
	if got := s.sentLines(t); len(got) != 4 {
		t.Errorf("sent %q", got[4:])
	}
}

// On hosts of different time zones it is not the same day.
func TestChecksInDifferentZonesTellOnce(t *testing.T) {
	t.Parallel()
	s := newCheckSite(t, 1, "")
	for range 3 {
		for _, zone := range []string{"TZ=Pacific/Auckland", "TZ=Pacific/Honolulu"} {
			command := s.command(binary, "check")
			command.Env = append(command.Env, zone)
			_ = command.Run()
		}
	}
	if got := s.sentLines(t); len(got) != 2 {
		t.Errorf("sent %q", got)
	}
	entries, err := os.ReadDir(filepath.Join(s.db, "default", "check_script_heartbeat", "alarm"))
	if err != nil || len(entries) != 1 {
		t.Errorf("alarms of %v, %v", entries, err)
	}
}
