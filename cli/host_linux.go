package cli

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/record"
)

// processName is the name of a process, by way of a buffer; "" for none.
func processName(pid string, buf []byte) string {
	comm := record.ReadProc("/proc/"+pid+"/comm", buf)
	if len(comm) > 0 && comm[len(comm)-1] == '\n' {
		comm = comm[:len(comm)-1]
	}
	return string(comm)
}

// sinceBoot is the moment of the boot as the clock has it now; the time since then
// counts also while the host sleeps.
func sinceBoot() (time.Time, bool) {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) != nil {
		return time.Time{}, false
	}
	return time.Now().Round(0).Add(-time.Duration(ts.Nano())), true
}
