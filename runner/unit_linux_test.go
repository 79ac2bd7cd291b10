package runner

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	cases := []struct {
		stat string
		want process
		ok   bool
	}{
		{"7 (sh) S 1 7 5 0 -1 4194560", process{7, 1, 7, 5, 'S', "sh"}, true},
		{"7 (a) (b c) Z 1 2 3 0", process{7, 1, 2, 3, 'Z', "a) (b c"}, true},
		{"7 () R 1 2 3", process{7, 1, 2, 3, 'R', ""}, true},
		{"7 (sh) S 1 7", process{}, false},
		{"7 (sh) S x 7 5", process{}, false},
		{"", process{}, false},
		{")(", process{}, false},
	}
	for _, c := range cases {
		if got, ok := parseStat(7, []byte(c.stat)); got != c.want || ok != c.ok {
			t.Errorf("parseStat(%q) = %+v, %v", c.stat, got, ok)
		}
	}
}

func TestMemoryFiles(t *testing.T) {
	const v1 = "9:name=systemd:/\n4:cpu,memory:/jobs/a:b\n"
	want := []string{"/sys/fs/cgroup/memory/jobs/a:b/memory.oom_control", "/sys/fs/cgroup/memory/memory.oom_control"}
	if got := memoryFiles([]byte(v1)); !slices.Equal(got, want) {
		t.Errorf("v1: %q", got)
	}
	if got := memoryFiles([]byte("0::/system.slice/cron.service\n")); !slices.Equal(got, []string{"/sys/fs/cgroup/system.slice/cron.service/memory.events"}) {
		t.Errorf("v2: %q", got)
	}
	if got := memoryFiles([]byte("broken\n")); got != nil {
		t.Errorf("broken: %q", got)
	}
}

func TestMemoryEvents(t *testing.T) {
	file := filepath.Join(t.TempDir(), "memory.events")
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := memoryEvents{file: file, kills: 3}
	for content, want := range map[string]bool{
		"low 0\noom 1\noom_kill 3\n":            false,
		"oom_kill_disable 0\noom_kill 4\n":      true,
		"oom_kill x\n":                          false,
		"low 0\noom_kill_group 9\n":             false,
		"low 0\noom_kill 4\noom_group_kill 0\n": true,
	} {
		write(content)
		if got := before.killedSince(); got != want {
			t.Errorf("%q: killed is %v", content, got)
		}
	}
	if (memoryEvents{}).killedSince() {
		t.Error("without a count, a kill is claimed")
	}
}

func TestTail(t *testing.T) {
	kept := tail{most: 3}
	for range 5000 {
		kept.add([]byte("abcd"))
	}
	if got := string(kept.bytes()); got != "bcd" {
		t.Errorf("kept %q", got)
	}
	if cap(kept.kept) > 16<<10 {
		t.Errorf("keeps %d bytes for 3", cap(kept.kept))
	}
}

func TestSameOpenFileWithoutKcmp(t *testing.T) {
	dir := t.TempDir()
	open := func(name string) *os.File {
		t.Helper()
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() })
		return file
	}
	a, b := open("a"), open("b")
	if !seemsSameFile(int(a.Fd()), int(a.Fd())) || seemsSameFile(int(a.Fd()), int(b.Fd())) {
		t.Error("a file is itself and no other")
	}
}

type textSink struct{ text string }

func (s *textSink) Write(p []byte) (int, error) { s.text += string(p) + "|"; return len(p), nil }
func (*textSink) Deadline() time.Time           { return time.Time{} }
func (*textSink) Tick(time.Time)                {}

func TestNextLine(t *testing.T) {
	cases := []struct {
		pieces []string
		want   string
	}{
		{[]string{"rest\nnext\n", "more\n"}, "next\n|more\n|"},
		{[]string{"re", "st", "\n", "next"}, "next|"},
		{[]string{"\nnext"}, "next|"},
		{[]string{"rest"}, ""},
	}
	for _, c := range cases {
		sink := &textSink{}
		rest := &nextLine{Sink: sink}
		for _, piece := range c.pieces {
			if n, err := rest.Write([]byte(piece)); n != len(piece) || err != nil {
				t.Errorf("%q: wrote %d, %v", piece, n, err)
			}
		}
		if sink.text != c.want {
			t.Errorf("%q: passed on %q, want %q", c.pieces, sink.text, c.want)
		}
	}
}

// TestLineMark: what the last change was is what the other process sees.
func TestLineMark(t *testing.T) {
	for _, changes := range [][]bool{{}, {true}, {true, false}, {true, false, true}} {
		p := newPump(Stdout, -1, &outlet{fd: -1}, nil)
		p.mark = newLineMark()
		for _, inLine := range changes {
			piece := "whole\n"
			if inLine {
				piece = "half"
			}
			p.noteLine([]byte(piece))
			p.noteLine([]byte(piece)) // no change, and nothing to be counted
		}
		if got, want := p.mark.isSet(), len(changes)%2 == 1; got != want {
			t.Errorf("after %v the mark is %v", changes, got)
		}
		p.unshare()
	}
	lineMark(-1).set(true) // none
}
