package tests

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScript runs the scripts of testdata/script: one promise each, named in its
// first line. Besides testscript's own commands they have
//
//	status N command [args…]      the command ends with status N, or, written
//	                              128+N, is killed by signal N
//	records [-sort] KIND ITEM [KEY…]
//	                              prints these keys of the records of an item,
//	                              written direction/item, "-" where one is missing;
//	                              sorted where alarms are sent beside one another
//	shape KIND ITEM               prints the lines of the day files as they are,
//	                              with only those values replaced that differ from
//	                              run to run
//	settings ITEM                 prints monitor_item.yaml in the same way
//	nobody [args…]                runs mvrun as a user who is not root
//	unprintable FILE              writes arguments that no text file can hold
//
// and the condition [lacks:PROGRAM], or [lacks:root], which fails under
// MVRUN_TEST_STRICT=1. Each script has a home, a database ($DB) and a spool of
// its own.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		// Below the binary's folder, into which other users may look, too.
		WorkdirRoot:        scriptFolder(t),
		Setup:              setUpScript,
		RequireUniqueNames: true,
		Condition:          scriptCondition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await":       awaitCommand,
			"status":      statusCommand,
			"records":     recordsCommand,
			"shape":       shapeCommand,
			"settings":    settingsCommand,
			"nobody":      nobodyCommand,
			"unprintable": unprintableCommand,
		},
	})
}

func scriptFolder(t *testing.T) string {
	folder, err := os.MkdirTemp(filepath.Dir(binary), "scripts-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}

func setUpScript(e *testscript.Env) error {
	home := filepath.Join(e.WorkDir, "home")
	for name, value := range map[string]string{
		"PATH":           filepath.Dir(binary) + ":" + os.Getenv("PATH"),
		"HOME":           home,
		"XDG_STATE_HOME": filepath.Join(home, "state"),
		"DB":             filepath.Join(home, "db"),
		"MVRUN_DB":       filepath.Join(home, "db"),
		"SENT":           filepath.Join(e.WorkDir, "sent"), // where the scripts' alarm commands write
		"SOURCES":        filepath.Dir(mustAbsolute(".")),
		"BINARY":         binary,
	} {
		e.Setenv(name, value)
	}
	return os.MkdirAll(home, 0o755)
}

func mustAbsolute(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		panic(err)
	}
	return absolute
}

func scriptCondition(condition string) (bool, error) {
	what, ok := strings.CutPrefix(condition, "lacks:")
	if !ok {
		return false, fmt.Errorf("unknown condition %q", condition)
	}
	if what == "root" && os.Getuid() == 0 {
		return false, nil
	}
	if _, err := exec.LookPath(what); what != "root" && err == nil {
		return false, nil
	}
	if os.Getenv("MVRUN_TEST_STRICT") == "1" {
		return false, fmt.Errorf("the script cannot run here: it needs %s", what)
	}
	return true, nil
}

func refuseNegation(ts *testscript.TestScript, neg bool) {
	if neg {
		ts.Fatalf("the command cannot be negated")
	}
}

// awaitCommand waits until a file has a line that matches, for what goes on in the
// background.
func awaitCommand(ts *testscript.TestScript, neg bool, args []string) {
	refuseNegation(ts, neg)
	if len(args) != 2 {
		ts.Fatalf("usage: await FILE PATTERN")
	}
	pattern := regexp.MustCompile("(?m)" + args[1])
	deadline := time.Now().Add(30 * time.Second)
	for {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && pattern.Match(data) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s: no line like %s: %q, %v", args[0], args[1], data, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func statusCommand(ts *testscript.TestScript, neg bool, args []string) {
	refuseNegation(ts, neg)
	if len(args) < 2 {
		ts.Fatalf("usage: status N command [args…]")
	}
	err := ts.Exec(args[1], args[2:]...)
	if got := statusOf(ts, err); got != args[0] {
		ts.Fatalf("status %s, want %s", got, args[0])
	}
}

// statusOf tells a status above 128 from a signal that a shell shows in the same
// way.
func statusOf(ts *testscript.TestScript, err error) string {
	if err == nil {
		return "0"
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		ts.Fatalf("%v", err)
	}
	if status := exit.Sys().(syscall.WaitStatus); status.Signaled() {
		return fmt.Sprintf("128+%d", status.Signal())
	}
	return strconv.Itoa(exit.ExitCode())
}

// nobodyID is the user and group that own nothing.
const nobodyID = 65534

func nobodyCommand(ts *testscript.TestScript, neg bool, args []string) {
	refuseNegation(ts, neg)
	command := exec.Command(binary, args...)
	command.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "MVRUN_DB", "MVRUN_CONFIG", "XDG_STATE_HOME", "XDG_DATA_HOME"} {
		if value := ts.Getenv(name); value != "" {
			command.Env = append(command.Env, name+"="+value)
		}
	}
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobodyID, Gid: nobodyID}}
	command.Stdout, command.Stderr = ts.Stdout(), ts.Stderr()
	ts.Check(command.Run())
}

// unprintableCommand writes the arguments of CASES 37 that a script cannot hold,
// each ended by a NUL byte.
func unprintableCommand(ts *testscript.TestScript, neg bool, args []string) {
	refuseNegation(ts, neg)
	words := []string{"a b", "", "*", "n\nl", "\xff\xfe", "--help", "--", "$HOME", "`id`", "\x1b[31m", "trailing "}
	text := strings.Join(words, "\x00") + "\x00"
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
