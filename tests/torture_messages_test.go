package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Messages that mean something to a shell, a regexp or a template reach the alarm
// command literally, however its template is quoted.
func TestTortureMessages(t *testing.T) {
	t.Parallel()
	messages := map[string]string{
		"quotes":       `'; touch PROOF; '`,
		"more quotes":  `"; touch PROOF; "`,
		"substitution": "$(touch PROOF) `touch PROOF` ${HOME} $HOME $$ $0",
		"reference":    `\1 \0 & \n \\ %s %d %`,
		"placeholders": `<RECEIVERS> <TITLE> <MESSAGE>`,
		"flag":         `--help -n -e`,
		"globs":        `* ? [a-z] ~ {a,b} !x #y`,
		"blanks":       "two  blanks\tand a tab",
		"line ends":    "first\n  second\n  third; touch PROOF",
		"Chinese":      "节点 n232 宕机：请检查",
		"huge":         strings.Repeat("0123456789abcde ", 200<<10/16),
	}
	templates := map[string]string{
		"bare":          `%s <TITLE> <MESSAGE> <RECEIVERS>`,
		"double quotes": `%s "<TITLE>" "<MESSAGE>" <RECEIVERS>`,
		"single quotes": `%s '<TITLE>' '<MESSAGE>' <RECEIVERS>`,
		"in a word":     `%s T="<TITLE>" M=<MESSAGE> R='<RECEIVERS>'`,
		"in a pipe":     `printf "%%s" "<MESSAGE>" | cat >/dev/null; %s "<TITLE>" "<MESSAGE>" <RECEIVERS>`,
	}
	for name, template := range templates {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newArena(t)
			sender := filepath.Join(a.folder, "send")
			received := filepath.Join(a.folder, "received")
			writeFile(t, sender, "#!/bin/sh\nprintf '%s\\0' \"$@\" >>"+received+"\n", 0o755)
			template := strings.ReplaceAll(fmt.Sprintf(template, sender), "'", "''")
			writeFile(t, a.config, fmt.Sprintf("db_path: %s\nsend_wait: 1m\nsend_alarm_command: '%s'\n", a.db, template), 0o644)
			for _, kind := range slices.Sorted(slices.Values(keys(messages))) {
				a.checkMessage(t, name, kind, messages[kind], received)
			}
			if found, _ := filepath.Glob(filepath.Join(a.folder, "PROOF*")); len(found) > 0 {
				t.Errorf("a message was run: %q", found)
			}
		})
	}
}

func keys(m map[string]string) []string {
	var all []string
	for key := range m {
		all = append(all, key)
	}
	return all
}

// checkMessage lets a job print a message, and looks what the alarm command was
// given.
func (a *arena) checkMessage(t *testing.T, template, kind, message, received string) {
	t.Helper()
	output := filepath.Join(a.folder, "output")
	writeFile(t, output, "ALARM: "+message+"\n", 0o644)
	_ = os.Remove(received)
	got := run(t, a.command(binary, "-d", "d", "-i", "item", "--receivers", "alice bob", "--title", "a 'title' $(x)", "--", "cat", output))
	if got.status != 0 || got.stderr != "" || got.stdout != "ALARM: "+message+"\n" {
		t.Fatalf("%s: status %d, stderr %q", kind, got.status, got.stderr)
	}
	alarms := a.records(t, "d", "item", "alarm")
	recorded := alarms[len(alarms)-1]
	if recorded.text("send_alarm_result") != "PASSED" {
		t.Errorf("%s: %v", kind, recorded)
	}
	if kind != "huge" && recorded.text("message") != message {
		t.Errorf("%s: recorded %q", kind, recorded.text("message"))
	}
	if kind == "huge" && (len(recorded.text("message")) > 64<<10 || !strings.HasPrefix(recorded.text("message"), message[:60<<10])) {
		t.Errorf("%s: recorded %d bytes", kind, len(recorded.text("message")))
	}
	want := []string{"a 'title' $(x)", recorded.text("message"), "alice", "bob"}
	if template == "in a word" {
		want = []string{"T=a 'title' $(x)", "M=" + recorded.text("message"), "R=alice bob"}
	}
	words := strings.Split(readFile(t, received), "\x00")
	if template == "in a pipe" && kind == "huge" {
		// It stands in the template twice, which is more than the system takes.
		if len(words) < 2 || len(words[1]) < 32<<10 || !strings.HasPrefix(words[1], message[:16<<10]) {
			t.Errorf("%s: the command was given %.300q", kind, words)
		}
		return
	}
	if !slices.Equal(words[:len(words)-1], want) {
		t.Errorf("%s: the command was given %.300q, want %.300q", kind, words, want)
	}
}

// Many jobs of many items, all at once: each has its own output, status and
// records.
func TestTortureMixedRuns(t *testing.T) {
	const runs, items = 200, 10
	a := newArena(t)
	inParallel(runs, 50, func(i int) {
		script := fmt.Sprintf(`echo "out %d"; echo "err %d" >&2; echo "INFO: run %d"; exit %d`, i, i, i, i%7)
		got := run(t, a.command(binary, "-d", "d", "-i", fmt.Sprintf("item%d", i%items), "--on-failure", "log", "--", "/bin/sh", "-c", script))
		_, rest := wrapperWarnings(got.stderr)
		if got.stdout != fmt.Sprintf("out %d\nINFO: run %d\n", i, i) || rest != fmt.Sprintf("err %d\n", i) || got.status != i%7 {
			t.Errorf("run %d: %+v", i, got)
		}
	})
	a.settle(t, nil)
	for item := range items {
		name := fmt.Sprintf("item%d", item)
		logs := textsWith(a.records(t, "d", name, "log"), "message", "run ")
		logs = slices.DeleteFunc(logs, func(message string) bool { return !strings.HasPrefix(message, "run ") })
		ended := map[string]int{}
		for _, r := range a.records(t, "d", name, "run") {
			ended[r.text("exit_code")]++
		}
		beats := len(a.records(t, "d", name, "heartbeat"))
		if len(logs) != runs/items || beats != runs/items {
			t.Errorf("%s: %d lines and %d heartbeats, want %d", name, len(logs), beats, runs/items)
		}
		for status := range 7 {
			want := 0
			for i := item; i < runs; i += items {
				if i%7 == status {
					want++
				}
			}
			if got := ended[fmt.Sprint(status)]; got != want {
				t.Errorf("%s: %d runs ended with %d, want %d", name, got, status, want)
			}
		}
	}
}
