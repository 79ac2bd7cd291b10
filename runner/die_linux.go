package runner

import (
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// DieOf ends this process by a signal, without a core file, so that whoever waits for it sees what the command died
// of. It returns only where that has no effect, as for process 1; the caller then exits with 128+N.
func DieOf(sig syscall.Signal) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// A core pattern that is a pipe takes no notice of the limit, but of the flag.
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	setAction(sig, kernelAction{}) // the runtime's handler would turn some signals into a stack trace
	var unblock unix.Sigset_t
	addSignal(&unblock, sig)
	_ = unix.PthreadSigmask(unix.SIG_UNBLOCK, &unblock, nil)
	_ = unix.Tgkill(os.Getpid(), unix.Gettid(), sig) // this thread, so that it goes no further
}
