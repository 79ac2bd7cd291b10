package record

import (
	"bytes"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// Starved reports whether another thread of this process could run at this
// moment: state R of proc(5). What it was asked for is then on its way, and not
// held up by a file system.
func Starved() bool {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return false
	}
	mine, buf := strconv.Itoa(unix.Gettid()), make([]byte, ProcBytes)
	for _, thread := range threads {
		if thread.Name() == mine {
			continue
		}
		stat := ReadProc("/proc/self/task/"+thread.Name()+"/stat", buf)
		// The name, in parentheses, may contain anything.
		if state := stat[bytes.LastIndexByte(stat, ')')+1:]; len(state) > 1 && state[1] == 'R' {
			return true
		}
	}
	return false
}
