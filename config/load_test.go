package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad(t *testing.T) {
	path := writeFile(t, filepath.Join(t.TempDir(), "mvrun.yaml"), "db_path: /db\n")
	cfg, err := Load(path, testGrammar)
	if err != nil || cfg.DBPath != "/db" || cfg.Path != path {
		t.Errorf("Load: %+v, %v", cfg, err)
	}
}

func TestLoadFaults(t *testing.T) {
	path := writeFile(t, filepath.Join(t.TempDir(), "mvrun.yaml"), "db_layout: perhost\n\nsend_wait: x\n")
	cfg, err := Load(path, testGrammar)
	want := path + `:1: db_layout: "perhost" is not a layout; use auto, direct or per-host` + "\n" +
		path + `:3: send_wait: "x" is no duration; write a duration such as 10s, 5m or 1h30m`
	if faults := (Faults)(nil); !errors.As(err, &faults) || err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if cfg == nil {
		t.Error("no config beside the faults")
	}
}

// TestLoadRefused: what the system refuses is an *fs.PathError.
func TestLoadRefused(t *testing.T) {
	dir := t.TempDir()
	unreadable := writeFile(t, filepath.Join(dir, "unreadable.yaml"), "")
	if err := os.Chmod(unreadable, 0); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		filepath.Join(dir, "missing.yaml"):      fs.ErrNotExist,
		filepath.Join(unreadable, "mvrun.yaml"): unix.ENOTDIR,
		unreadable:                              fs.ErrPermission,
	} {
		if want == fs.ErrPermission && os.Getuid() == 0 {
			t.Log("not tried as root: an unreadable file")
			continue
		}
		cfg, err := Load(path, testGrammar)
		pathError := (*fs.PathError)(nil)
		if cfg != nil || !errors.Is(err, want) || !errors.As(err, &pathError) || pathError.Path != path {
			t.Errorf("Load(%s): %v, %v", path, cfg, err)
		}
	}
}

// TestLoadUnfit: what cannot be meant is a fault of the whole file, found
// without hanging.
func TestLoadUnfit(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	large := writeFile(t, filepath.Join(dir, "large"), strings.Repeat("#\n", MaxFileBytes/2)+"#")
	for path, want := range map[string]string{
		dir:         "is a directory",
		pipe:        "is a pipe that gave nothing",
		large:       "is larger than 1024 KiB",
		"/dev/zero": "is larger than 1024 KiB",
	} {
		cfg, err := Load(path, testGrammar)
		faults := (Faults)(nil)
		if cfg != nil || !errors.As(err, &faults) || len(faults) != 1 || faults[0].Problem != want || faults[0].Line != 0 {
			t.Errorf("Load(%s): %v, %v; want %q", path, cfg, err, want)
		}
	}
}

func TestLoadLargest(t *testing.T) {
	text := "db_path: /db\n#" + strings.Repeat("x", MaxFileBytes-14)
	path := writeFile(t, filepath.Join(t.TempDir(), "mvrun.yaml"), text)
	if cfg, err := Load(path, testGrammar); err != nil || cfg.DBPath != "/db" {
		t.Errorf("Load of %d bytes: %v", len(text), err)
	}
}

func TestLoadNull(t *testing.T) {
	if cfg, err := Load("/dev/null", testGrammar); err != nil || cfg == nil {
		t.Errorf("Load(/dev/null): %v, %v", cfg, err)
	}
}

// TestLoadProcessSubstitution reads /dev/fd/N, as --config <(command) passes
// it, from a writer that begins late and pauses inside of a line.
func TestLoadProcessSubstitution(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	go func() {
		defer writer.Close()
		for _, part := range []string{"db_pa", "th: /d", "b\n" + strings.Repeat("# a comment\n", 20000), "send_wait: 1s\n"} {
			// An error shows in what arrives.
			_, _ = writer.WriteString(part)
		}
	}()
	cfg, err := load(fmt.Sprintf("/dev/fd/%d", reader.Fd()), testGrammar, time.Minute)
	if err != nil || cfg.DBPath != "/db" || cfg.SendWait.Seconds() != 1 {
		t.Errorf("Load: %+v, %v", cfg, err)
	}
}

// TestLoadSilentPipe: a writer that never finishes is not waited for without end.
func TestLoadSilentPipe(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	_, err = load(fmt.Sprintf("/dev/fd/%d", reader.Fd()), testGrammar, time.Millisecond)
	if faults := (Faults)(nil); !errors.As(err, &faults) || !strings.Contains(err.Error(), "did not finish within 1ms") {
		t.Errorf("Load: %v", err)
	}
}
