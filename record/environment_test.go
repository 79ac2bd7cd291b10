package record

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var digested = Item{"LSF", "nodes"}

func digestLine(d EnvironmentDigest) string {
	var e Encoder
	d.Encode(&e)
	return string(e.Line())
}

// Names are told, and which values differ; never a value.
func TestDigestEnvironment(t *testing.T) {
	key := []byte(strings.Repeat("k", keyBytes))
	one := DigestEnvironment(key, digested, []string{"PATH=/bin", "_=/bin/x", "TOKEN=s3cret-value", "SHLVL=1", "MVRUN_RUN=r", "=x", "EMPTY=", "broken"})
	two := DigestEnvironment(key, digested, []string{"EMPTY=", "TOKEN=other", "PATH=/bin"})
	var names []string
	for i, pair := range one.Pairs {
		names = append(names, pair[0])
		if same := pair[1] == two.Pairs[i][1]; same == (pair[0] == "TOKEN") {
			t.Errorf("%s: the same digest: %v", pair[0], same)
		}
		if len(pair[1]) != 2*digestBytes {
			t.Errorf("%s: digest %q", pair[0], pair[1])
		}
	}
	if !slices.Equal(names, []string{"EMPTY", "PATH", "TOKEN"}) {
		t.Errorf("names are %q", names)
	}
	if line := digestLine(one); strings.Contains(line, "s3cret") || strings.Contains(line, "/bin") {
		t.Errorf("a value stands in %s", line)
	}
	if one.Key == "" || one.Key != two.Key {
		t.Errorf("keys are named %q and %q", one.Key, two.Key)
	}
}

// The same value is another one under another name, for another item, and with
// another key.
func TestDigestsCannotBeCompared(t *testing.T) {
	key := []byte(strings.Repeat("k", keyBytes))
	digests := map[string]bool{}
	for _, d := range []EnvironmentDigest{
		DigestEnvironment(key, digested, []string{"A=value", "B=value"}),
		DigestEnvironment(key, Item{"LSF", "other"}, []string{"A=value"}),
		DigestEnvironment([]byte("another"), digested, []string{"A=value"}),
	} {
		for _, pair := range d.Pairs {
			digests[pair[1]] = true
		}
	}
	if len(digests) != 4 {
		t.Errorf("%d digests, want 4", len(digests))
	}
}

func TestDigestWithoutKeyHasNames(t *testing.T) {
	d := DigestEnvironment(nil, digested, []string{"B=2", "A=1"})
	if got, want := digestLine(d), `{"env_sum": "`+d.Sum+`", "env": {"A": "", "B": ""}}`+"\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	d.Kept = true
	if got, want := digestLine(d), `{"env_sum": "`+d.Sum+`"}`+"\n"; got != want {
		t.Errorf("kept elsewhere: %s, want %s", got, want)
	}
	if got := digestLine(EnvironmentDigest{}); got != "{}\n" {
		t.Errorf("not known: %s", got)
	}
}

// A huge environment does not make a huge record.
func TestDigestIsBounded(t *testing.T) {
	environ := []string{strings.Repeat("N", maxNameOfVariable+1) + "=x"}
	for i := range 5000 {
		environ = append(environ, fmt.Sprintf("NAME_%04d=%d", i, i))
	}
	d := DigestEnvironment(nil, digested, environ)
	if len(d.Pairs)+d.Cut != 5000 || d.Cut == 0 || d.Pairs[0][0] != "NAME_0000" {
		t.Errorf("%d names, %d cut, the first %v", len(d.Pairs), d.Cut, d.Pairs[0])
	}
	if size := len(digestLine(d)); size > 3*maxEnvironmentBytes {
		t.Errorf("%d bytes", size)
	}
}

func TestEnvironmentKey(t *testing.T) {
	db := t.TempDir()
	store := testStore(t, db, StoreOptions{})
	key, err := store.EnvironmentKey()
	if err != nil || len(key) != keyBytes {
		t.Fatalf("key of %d bytes, %v", len(key), err)
	}
	again, err := store.EnvironmentKey()
	if err != nil || string(again) != string(key) {
		t.Errorf("another key at the second time, %v", err)
	}
	path := filepath.Join(db, metaFolder, keyFolder, fmt.Sprint(os.Getuid()))
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	// one that others can read is none
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := store.EnvironmentKey(); err == nil {
		t.Error("a key that others can read was taken")
	}
	// nor is one that is somewhere else, or cut
	for name, plant := range map[string]func() error{
		"link": func() error { return os.Symlink("/dev/zero", path) },
		"cut":  func() error { return os.WriteFile(path, []byte("short"), 0o600) },
	} {
		_ = os.Remove(path)
		if err := plant(); err != nil {
			t.Fatal(err)
		}
		if _, err := store.EnvironmentKey(); err == nil {
			t.Errorf("%s: was taken for a key", name)
		}
	}
}
