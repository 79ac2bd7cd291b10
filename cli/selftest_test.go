package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ran is a run that printed this.
func ran(stdout, stderr string, change ...func(*outcome)) *outcome {
	o := &outcome{took: 10 * time.Millisecond}
	for i, text := range []string{stdout, stderr} {
		o.streams[i] = capture{length: int64(len(text)), sum: sha256.Sum256([]byte(text)), head: []byte(text)}
	}
	for _, f := range change {
		f(o)
	}
	return o
}

func exit(status int) func(*outcome)         { return func(o *outcome) { o.exit = status } }
func died(sig syscall.Signal) func(*outcome) { return func(o *outcome) { o.signal = sig } }
func taking(d time.Duration) func(*outcome)  { return func(o *outcome) { o.took = d } }
func reading(n int64) func(*outcome)         { return func(o *outcome) { o.stdinRead = n } }
func leaving(stream int) func(*outcome)      { return func(o *outcome) { o.streams[stream].held = true } }
func unfinished(o *outcome)                  { o.unfinished = true }
func runs(list ...*outcome) []*outcome       { return list }
func partOf(parts []part, name string) part {
	return parts[slices.IndexFunc(parts, func(p part) bool { return p.Part == name })]
}
func resultOf(parts []part, name string) result { return partOf(parts, name).Result }

func TestSelftestFindsWhatDiffers(t *testing.T) {
	plain := ran("out\n", "err\n")
	cases := []struct {
		name          string
		bare, wrapped []*outcome
		part          string
		want          result
		note          string
	}{
		{"the same", runs(plain, plain), runs(plain, plain), "stdout", same, ""},
		{"a byte", runs(plain, plain), runs(ran("oUt\n", "err\n")), "stdout", differs, `from byte 1 on: bare "ut\n", wrapped "Ut\n"`},
		{"a byte of stderr", runs(plain), runs(ran("out\n", "err")), "stderr", differs, `from byte 3 on: bare "\n", wrapped its end`},
		{"in one of two", runs(plain, plain), runs(plain, ran("", "err\n")), "stdout", differs, `in 1 of 2 wrapped runs, from byte 0 on: bare "out\n", wrapped its end`},
		{"by itself", runs(plain, ran("1\n", "err\n")), runs(ran("2\n", "err\n")), "stdout", notRepeatable, `the bare runs differ from one another, from byte 0 on: one "out\n", another "1\n"`},
		{"what no terminal is to see", runs(ran("\x1b[2J\xff", "")), runs(ran("", "")), "stdout", differs, `from byte 0 on: bare "\x1b[2J\ufffd", wrapped its end`},
		{"left behind", runs(plain), runs(ran("out\n", "err\n", leaving(0))), "stdout", unproven, "processes that the command has left behind may still write"},
		{"left behind and different", runs(plain), runs(ran("", "err\n", leaving(0))), "stdout", unproven, `processes that the command has left behind may still write; from byte 0 on: bare "out\n", wrapped its end`},
		{"status", runs(ran("", "", exit(3))), runs(ran("", "", exit(1))), "status", differs, ""},
		{"status by itself", runs(plain, ran("", "", exit(3))), runs(ran("", "", exit(1))), "status", notRepeatable, bareDiffer},
		{"status of a signal", runs(ran("", "", died(15))), runs(ran("", "", exit(143))), "status", differs, ""},
		{"signal", runs(ran("", "", died(15))), runs(ran("", "", exit(143))), "signal", differs, ""},
		{"the same signal", runs(ran("", "", died(15))), runs(ran("", "", died(15))), "signal", same, ""},
		{"no end", runs(plain), runs(ran("", "", unfinished)), "status", differs, ""},
		{"stdin", runs(ran("", "", reading(6))), runs(ran("", "", reading(4096))), "stdin", differs, ""},
	}
	for _, c := range cases {
		s := &series{bare: c.bare, wrapped: c.wrapped}
		if p := partOf(s.compare(), c.part); p.Result != c.want || p.Note != c.note {
			t.Errorf("%s: %s, note %s", c.name, p.Result, p.Note)
		}
	}
}

func TestSelftestSaysWhereLongOutputsPart(t *testing.T) {
	head := bytes.Repeat([]byte("x"), keptHead)
	a, b := &capture{head: head, sum: [32]byte{1}}, &capture{head: head, sum: [32]byte{2}}
	if got := firstDifference(a, b, "bare", "wrapped"); got != "beyond byte 262144" {
		t.Error(got)
	}
}

func TestSelftestOfACommandThatDoesNotStart(t *testing.T) {
	s := &series{
		bare:    runs(ran("", "", exit(127), func(o *outcome) { o.startError = syscall.ENOENT })),
		wrapped: runs(ran("", "mvrun: error\n", exit(127))),
	}
	parts := s.compare()
	if resultOf(parts, "status") != same || resultOf(parts, "stdout") != unproven || resultOf(parts, "stderr") != unproven {
		t.Errorf("%+v", parts)
	}
	s.wrapped[0].exit = 1
	if resultOf(s.compare(), "status") != differs {
		t.Errorf("%+v", s.compare())
	}
}

func TestSelftestTime(t *testing.T) {
	const ms = time.Millisecond
	timed := func(list ...time.Duration) (all []*outcome) {
		for _, d := range list {
			all = append(all, ran("", "", taking(d)))
		}
		return all
	}
	cases := []struct {
		name          string
		bare, wrapped []*outcome
		want          result
		note          string
	}{
		{"some milliseconds", timed(10*ms, 11*ms, 12*ms), timed(15*ms, 14*ms), same, "medians of 3 and 2; wrapped takes 3.5 ms more, 1.32 times as long"},
		{"less than it varies", timed(10*ms, 50*ms, 11*ms), timed(15 * ms), notRepeatable, "medians of 3 and 1; wrapped takes 4.0 ms more, 1.36 times as long; the bare runs differ by 40.0 ms, which is more"},
		{"seconds", timed(10*ms, 11*ms), timed(3 * time.Second), differs, "medians of 2 and 1; wrapped takes 2.99 s more, 285.71 times as long"},
		{"seconds of many", timed(100 * time.Second), timed(102 * time.Second), same, "medians of 1 and 1; wrapped takes 2.00 s more, 1.02 times as long"},
		{"faster", timed(10 * ms), timed(9 * ms), same, "medians of 1 and 1; wrapped takes 1.0 ms less, 0.90 times as long"},
	}
	for _, c := range cases {
		s := &series{bare: c.bare, wrapped: c.wrapped}
		if p := s.compareTime(); p.Result != c.want || p.Note != c.note {
			t.Errorf("%s: %s, note %s", c.name, p.Result, p.Note)
		}
	}
}

func TestSelftestEnvironment(t *testing.T) {
	bare := []string{"A=1", "PASSWORD=secret", "B=2"}
	cases := []struct {
		name          string
		bare, wrapped []string
		want          result
		note          string
	}{
		{"gained", bare, append(slices.Clone(bare), "MVRUN_RUN=x", "PYTHONUNBUFFERED=1"), same, "expected, of mvrun: MVRUN_RUN PYTHONUNBUFFERED"},
		{"nested", append(slices.Clone(bare), "MVRUN_RUN=x"), append(slices.Clone(bare), "MVRUN_RUN=y"), same, "expected, of mvrun: MVRUN_RUN"},
		{"changed", bare, []string{"A=1", "PASSWORD=other", "B=2"}, differs, "not the same: PASSWORD"},
		{"lost and gained", bare, []string{"A=1", "PASSWORD=secret", "C=3"}, differs, "not the same: B C"},
		{"order", bare, []string{"B=2", "A=1", "PASSWORD=secret"}, differs, "in another order, or not as often"},
		{"twice", append(slices.Clone(bare), "A=1"), bare, differs, "in another order, or not as often"},
		{"set before", []string{"PYTHONUNBUFFERED="}, []string{"PYTHONUNBUFFERED=1"}, differs, "not the same: PYTHONUNBUFFERED"},
		{"no probe", nil, nil, unproven, "could not be observed"},
	}
	for _, c := range cases {
		if p := compareEnvironments(quoted(c.bare), quoted(c.wrapped)); p.Result != c.want || p.Note != c.note {
			t.Errorf("%s: %s, note %s", c.name, p.Result, p.Note)
		}
	}
}

// kernelText is what the second probe prints.
func kernelText(status, limits, stat string) string {
	return kernelMark + strings.Join([]string{status, limits, stat, "1:cpu:/a b\n", "0\n", "00000033\n"}, kernelMark)
}

const (
	statusText = "Name:\tcat\nUmask:\t0022\nUid:\t0\t0\t0\t0\nSigBlk:\t0000\nSigIgn:\t1000\n"
	limitsText = "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 4096                 files     \n"
	statText   = "7 (a) b) R 1 5 4 34816 5 4194304 1 0 0 0 0 0 0 0 20 0 1 0 100 1 1 9 1 1 1 0 0 0 0 0 0 0 0 0 17 0 0 0\n"
)

func TestSelftestKernelView(t *testing.T) {
	bare := parseKernelView(kernelText(statusText, limitsText, statText))
	for _, p := range compareKernelViews(bare, bare) {
		if p.Result != same {
			t.Errorf("%+v", p)
		}
	}
	cases := []struct{ old, new, part, note string }{
		{"1024 ", "4096 ", "limits", "Max open files: bare 1024 4096 files, wrapped 4096 4096 files"},
		{"SigIgn:\t1000", "SigIgn:\t0000", "signals", "SigIgn: bare 1000, wrapped 0000"},
		{"Umask:\t0022", "Umask:\t0077", "umask", "value: bare 0022, wrapped 0077"},
		{"Uid:\t0", "Uid:\t1", "user", "Uid: bare 0 0 0 0, wrapped 1 0 0 0"},
		{"20 0 1 0 100", "20 5 1 0 100", "priority", "nice: bare 0, wrapped 5"},
		{"/a b", "/c", "cgroup", "1: bare cpu:/a b, wrapped cpu:/c"},
		{"1 5 4 34816 5", "1 6 6 0 -1", "session", "foreground: bare true, wrapped false; session: bare 4, wrapped 6; terminal: bare 34816, wrapped 0"},
		{"Max open files            1024                 4096                 files     \n", "", "limits", "Max open files: bare 1024 4096 files, wrapped none"},
	}
	for _, c := range cases {
		wrapped := parseKernelView(strings.Replace(kernelText(statusText, limitsText, statText), c.old, c.new, 1))
		p := partOf(compareKernelViews(bare, wrapped), c.part)
		if note := strings.Replace(p.Note, "Umask:", "value:", 1); p.Result != differs || note != c.note {
			t.Errorf("%s: %s, note %s", c.part, p.Result, p.Note)
		}
	}
	own := parseKernelView(kernelText(statusText, limitsText, strings.Replace(statText, "1 5 4 34816 5", "1 7 4 34816 7", 1)))
	if p := partOf(compareKernelViews(bare, own), "session"); p.Result != same || p.Note != "expected: a process group of its own" {
		t.Errorf("a group of its own: %+v", p)
	}
	for _, p := range compareKernelViews(bare, parseKernelView("cat: not found")) {
		if p.Result == same {
			t.Errorf("no probe: %+v", p)
		}
	}
}

func TestSelftestObservations(t *testing.T) {
	bare := observation{
		Arguments: []string{"a", ""}, Environment: []string{"A=1"}, Folder: "/tmp",
		Descriptors: map[string]string{"0": "file, read", "5": "pipe, write, inode 1 of device 2"},
	}
	data, err := json.Marshal(bare)
	if err != nil {
		t.Fatal(err)
	}
	wrapped := parseObservation(string(data))
	for _, p := range compareObservations(bare, wrapped) {
		if p.Result != same {
			t.Errorf("%+v", p)
		}
	}
	wrapped.Arguments, wrapped.Folder = []string{"a"}, "/"
	wrapped.Descriptors = map[string]string{"0": "file, read", "6": "socket, read"}
	parts := compareObservations(bare, wrapped)
	for name, note := range map[string]string{
		"arguments":   "1: bare , wrapped none",
		"folder":      "value: bare /tmp, wrapped /",
		"descriptors": "5: bare pipe, write, inode 1 of device 2, wrapped none; 6: bare none, wrapped socket, read",
	} {
		if p := partOf(parts, name); p.Result != differs || p.Note != note {
			t.Errorf("%s: %s, note %s", name, p.Result, p.Note)
		}
	}
	for _, p := range compareObservations(parseObservation(""), bare) {
		if p.Result != unproven {
			t.Errorf("no bare probe: %+v", p)
		}
	}
	for _, p := range compareObservations(bare, parseObservation("")) {
		if p.Result != differs {
			t.Errorf("no wrapped probe: %+v", p)
		}
	}
}

func TestSelftestStatus(t *testing.T) {
	var out strings.Builder
	if err := reportParts(&out, []part{{Part: "stdout", Result: notRepeatable}, {Part: "stderr", Result: same}}, false); err != nil {
		t.Error(err)
	}
	if !strings.HasSuffix(out.String(), "\n1 of 2 parts are the same.\nThis command is not repeatable and cannot prove: stdout. One that does the same each time can.\n") {
		t.Error(out.String())
	}
	if err := reportParts(&out, []part{{Part: "stdout", Result: differs}}, false); finish(err) != 1 {
		t.Error(err)
	}
}
