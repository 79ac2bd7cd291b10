package zstd

import (
	"os"
	"os/exec"
	"testing"
)

// needProgram gives the path of a program that the test cannot do without. Where it
// is not there, the test is skipped, or fails where MVRUN_TEST_STRICT=1.
func needProgram(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("MVRUN_TEST_STRICT") == "1":
		t.Fatalf("%s cannot run here: it needs the program %s", t.Name(), name)
	default:
		t.Skipf("%s cannot run here: it needs the program %s", t.Name(), name)
	}
	return path
}
