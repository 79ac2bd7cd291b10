package runner

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func startBare(t *testing.T, args ...string) (*os.Process, error) {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	return StartBare(args, [3]*os.File{null, null, null})
}

func TestBareCommandThatDoesNotStart(t *testing.T) {
	for name, want := range map[string]int{"no-such-program": ExitNotFound, "": ExitNotFound, "/": ExitNotExecutable} {
		if _, err := startBare(t, name); err == nil || BareStatus(err) != want {
			t.Errorf("%q: %v, status %d, want %d", name, err, BareStatus(err), want)
		}
	}
	if _, err := startBare(t); err == nil || BareStatus(err) != ExitNotFound {
		t.Errorf("no command: %v", err)
	}
}

func TestSignalToBareCommandAndDescendants(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	process, err := StartBare([]string{"sh", "-c", "trap : TERM; echo; sleep 60; exit 3"}, [3]*os.File{in, out, out})
	out.Close()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Read(make([]byte, 1)); err != nil { // the trap is set
		t.Fatal(err)
	}
	ended := make(chan *os.ProcessState, 1)
	go func() {
		state, _ := process.Wait()
		ended <- state
	}()
	for range 100 {
		SignalBare(process, unix.SIGTERM, true) // the sleep may not have begun yet
		select {
		case state := <-ended:
			if state == nil || state.ExitCode() != 3 {
				t.Errorf("%v", state)
			}
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
	SignalBare(process, unix.SIGKILL, true)
	t.Fatal("the sleep was not reached")
}
