package runner

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// rssSlack is how far off the kernel's counters of resident memory may be: each processor gathers a few pages before
// it adds them.
const rssSlack = 1 << 20

// measuredRSS reports whether ru_maxrss of a command, in bytes, is its own. The command begins in the memory of mvrun
// (vfork(2)), and exec sets ru_maxrss to the most that this has ever held, so that what stays below that is not seen.
// It is found out at the end, when nobody waits for it; what mvrun has grown by since the fork only makes it say less.
// VmHWM of the command is gone with its memory when it can be waited for.
func measuredRSS(maxRSS int64) bool { return maxRSS > ownPeak()+rssSlack }

// plausiblePeak is more than mvrun itself ever holds, in bytes.
const plausiblePeak = 32 << 20

// ownPeak is the most memory that mvrun itself has held, in bytes. ru_maxrss, which begins with that of whoever started
// mvrun, is never less; where it is too much to be mvrun's, VmHWM of proc(5) is read, which costs more.
func ownPeak() int64 {
	var usage unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &usage) // fails for no valid argument
	peak := int64(usage.Maxrss) << 10
	if peak <= plausiblePeak {
		return peak
	}
	status, _ := os.ReadFile("/proc/self/status")
	_, line, _ := bytes.Cut(status, []byte("\nVmHWM:"))
	if fields := bytes.Fields(line); len(fields) > 0 {
		if kib, err := strconv.ParseInt(string(fields[0]), 10, 64); err == nil {
			return kib << 10
		}
	}
	return peak
}
