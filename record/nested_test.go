package record

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func checkHeader(t *testing.T, what string, n *Nested, line string, want bool) {
	t.Helper()
	n.NewOutput()
	if got := n.Header([]byte(line)); got != want {
		t.Errorf("%s: %q is recorded: %v, want %v", what, line, got, want)
	}
}

func TestNested(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "spool")
	folders := []string{"/dev/null/none", folder}
	outer := NewNested(folders, "outer", "")
	middle := NewNested(folders, "middle", "outer")
	inner := NewNested(folders, "inner", "middle")
	if outer.HasParent() || !inner.HasParent() {
		t.Error("HasParent")
	}
	checkHeader(t, "outer, its own", outer, "ERROR: a", true)
	checkHeader(t, "inner", inner, "ERROR: a\r", true)
	checkHeader(t, "middle, of inner", middle, "ERROR: a", false)
	checkHeader(t, "outer, of inner", outer, "ERROR: a", false)
	checkHeader(t, "outer, again its own", outer, "ERROR: a", true)
	for range 2 {
		checkHeader(t, "inner", inner, "ERROR: b", true)
	}
	for _, want := range []bool{false, false, true} {
		checkHeader(t, "middle", middle, "ERROR: b", want)
	}
	for _, want := range []bool{false, false, false, true} {
		checkHeader(t, "outer", outer, "ERROR: b", want)
	}
	if middle.FailureTold() {
		t.Error("no failure was told of")
	}
	inner.TellFailure()
	if outer.FailureTold() || !middle.FailureTold() || middle.FailureTold() {
		t.Error("a failure is told to the run around, once")
	}
	inner.Close()
	middle.Close()
	outer.Close()
	if rest, err := os.ReadDir(filepath.Join(folder, nestedFolder)); err != nil || len(rest) > 0 {
		t.Errorf("left: %v, %v", rest, err)
	}
	inner.TellFailure()
	checkHeader(t, "closed", inner, "ERROR: c", true)
}

func TestNestedIsBounded(t *testing.T) {
	folders := []string{t.TempDir()}
	outer, inner := NewNested(folders, "outer", ""), NewNested(folders, "inner", "outer")
	defer outer.Close()
	for i := range maxAwaited * 2 {
		inner.NewOutput()
		inner.Header(fmt.Appendf(nil, "ERROR: into a file %d", i))
	}
	inner.Header([]byte("ERROR: last"))
	checkHeader(t, "outer", outer, "ERROR: last", false)
	if n := len(outer.seen.lines); n > maxAwaited+512 {
		t.Errorf("%d lines are held", n)
	}
	inner.Close()
}

func TestNestedWithoutAFolder(t *testing.T) {
	outer, inner := NewNested(nil, "outer", ""), NewNested(nil, "in/ner", "../outer")
	checkHeader(t, "inner", inner, "ERROR: a", true)
	checkHeader(t, "outer", outer, "ERROR: a", true)
	inner.Close()
	outer.Close()
}

func TestManyNested(t *testing.T) {
	const runs, each = 6, 200
	folders := []string{t.TempDir()}
	outer := NewNested(folders, "outer", "")
	defer outer.Close()
	var group sync.WaitGroup
	for r := range runs {
		inner := NewNested(folders, fmt.Sprint("inner", r), "outer")
		group.Go(func() {
			for i := range each {
				line := fmt.Appendf(nil, "ERROR: %d %d", r, i)
				inner.NewOutput()
				mine := inner.Header(line)
				outer.NewOutput()
				if !mine || outer.Header(line) {
					t.Errorf("%s: recorded by the wrong run", line)
				}
			}
			inner.Close()
		})
	}
	group.Wait()
}
