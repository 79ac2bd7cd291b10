package cli

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestScriptSum(t *testing.T) {
	folder := t.TempDir()
	file := func(name string, size int64, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if size > 0 {
			if err := os.Truncate(path, size); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	link := filepath.Join(folder, "link")
	if err := os.Symlink(file("abc", 0, "abc"), link); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{filepath.Join(folder, "abc"), "ba7816bf8f01cfea"}, // FIPS 180-2, B.1
		{link, "ba7816bf8f01cfea"},
		{file("empty", 0, ""), "e3b0c44298fc1c14"},
		{file("large", maxSummed+1, ""), ""},
		{folder, ""},
		{filepath.Join(folder, "missing"), ""},
		{"", ""},
		{"/dev/zero", ""},
		{"sh\x00x", ""},
	} {
		if got := scriptSum(c.path); got != c.want {
			t.Errorf("%q: %q, want %q", c.path, got, c.want)
		}
	}
	if got := scriptSum(file("largest", maxSummed, "")); len(got) != sumDigits {
		t.Errorf("the largest file: %q", got)
	}
}

// A FIFO is a script to a shell. A reader beside the shell would take the writer's
// side down with it.
func TestScriptSumLeavesFIFOsAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	opened := make(chan error, 1)
	go func() {
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err == nil {
			_, err = file.WriteString("echo\n")
			file.Close()
		}
		opened <- err
	}()
	if sum := scriptSum(path); sum != "" {
		t.Errorf("sum %q", sum)
	}
	reader, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	select {
	case err := <-opened:
		if err != nil {
			t.Errorf("the writer: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the writer waits")
	}
}

// What a file system holds back is gone without, in a moment.
func TestFingerprintOfAHangingScript(t *testing.T) {
	j := &job{session: &session{}, fingerprints: newFingerprints(), remembered: make(chan struct{})}
	begun := time.Now()
	f := j.fingerprint()
	if f.script != "" || !j.held || time.Since(begun) < fingerprintWait {
		t.Errorf("script %q, held %v, after %v", f.script, j.held, time.Since(begun))
	}
	if len(f.environment.Pairs) == 0 || f.environment.Key != "" {
		t.Errorf("the names of the environment need no file: %+v", f.environment)
	}
}
