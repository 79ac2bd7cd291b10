package config

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestSecret(t *testing.T) {
	dir := t.TempDir()
	file := writeFile(t, filepath.Join(dir, "token"), "  hunter2 \r\n")
	empty := writeFile(t, filepath.Join(dir, "empty"), "\n")
	large := writeFile(t, filepath.Join(dir, "large"), strings.Repeat("hunter2", maxSecretBytes))
	t.Setenv("MVRUN_TEST_TOKEN", "hunter2")
	t.Setenv("MVRUN_TEST_EMPTY", "")
	for _, test := range []struct{ value, want, problem string }{
		{"hunter2", "hunter2", ""},
		{"", "", ""},
		{"https://host/env:x", "https://host/env:x", ""},
		{"env:MVRUN_TEST_TOKEN", "hunter2", ""},
		{"env:MVRUN_TEST_EMPTY", "", `environment variable "MVRUN_TEST_EMPTY" is not set or empty`},
		{"file:" + file, "  hunter2 ", ""},
		{"file:" + empty, "", "is empty"},
		{"file:" + large, "", "is larger than 64 KiB"},
		{"file:" + dir, "", "is a directory"},
		{"file:token", "", `file "token" is no absolute path`},
		{"file:" + filepath.Join(dir, "missing"), "", "no such file"},
	} {
		got, err := Secret(test.value)
		if got != test.want {
			t.Errorf("Secret(%q) = %q, want %q", test.value, got, test.want)
		}
		switch {
		case test.problem == "" && err != nil:
			t.Errorf("Secret(%q): %v", test.value, err)
		case test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem) || strings.Contains(err.Error(), "hunter2")):
			t.Errorf("Secret(%q): error %v, want %q", test.value, err, test.problem)
		}
	}
}
