// Package tests tries mvrun as its users meet it: the binary itself, with real
// shells, a real cron, and the files that it leaves behind.
//
// A test that needs something this machine does not have says so by name. It is
// skipped then, or fails where MVRUN_TEST_STRICT=1, as in CI.
package tests

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the mvrun under test, built once as it is shipped.
var binary string

func TestMain(m *testing.M) {
	if settings := os.Getenv(writersVariable); settings != "" {
		os.Exit(writeCrowd(settings))
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	folder, err := os.MkdirTemp("", "mvrun-tests-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	// Other users run it, too.
	if err := os.Chmod(folder, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	binary = filepath.Join(folder, "mvrun")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build mvrun: %v\n%s", err, output)
		return 1
	}
	defer func() { stopChromium() }()
	defer printFindings(os.Stdout)
	_, missing := os.Stat(defaultDB)
	if _, err := os.Stat(rootSpool); err != nil {
		defer os.Remove(rootSpool) // unless something waits in it
	}
	code := m.Run()
	if _, err := os.Stat(defaultDB); missing != nil && err == nil {
		newest, _ := exec.Command("sh", "-c", `find "$0" -printf '%T+ %p\n' | sort -r | head -5`, defaultDB).Output()
		fmt.Fprintf(os.Stderr, "note: %s, the database of this machine's root, was made while the tests ran:\n%s", defaultDB, newest)
		if os.Getenv("MVRUN_TEST_STRICT") == "1" { // nobody else uses mvrun there
			return 1
		}
	}
	return code
}

// defaultDB is where root's records are without a config: not the tests'.
const defaultDB = "/var/lib/mvrun"

// rootSpool is what root's runs fall back on where they have no home.
const rootSpool = "/var/spool/mvrun"

// lacks ends a test that this machine cannot run, and names what is missing.
func lacks(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("MVRUN_TEST_STRICT") == "1" {
		t.Fatalf("%s cannot run here: it needs %s", t.Name(), what)
	}
	t.Skipf("%s cannot run here: it needs %s", t.Name(), what)
}

// needProgram gives the path of a program that the test cannot do without.
func needProgram(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		lacks(t, "the program "+name)
	}
	return path
}

// needRoot ends a test that only root can run.
func needRoot(t testing.TB) {
	t.Helper()
	if os.Getuid() != 0 {
		lacks(t, "root")
	}
}

// result is what could be seen of a command.
type result struct {
	stdout, stderr string
	status         int // -1 where a signal ended it
}

// run runs a command to its end.
func run(t testing.TB, command *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil && command.ProcessState == nil {
		t.Fatalf("run %q: %v", command.Args, err)
	}
	return result{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
}

// repository is the folder with the sources, as an absolute path.
func repository(t testing.TB) string {
	t.Helper()
	path, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func writeFile(t testing.TB, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
}
