package cli

import (
	"fmt"
	"io"
	"strings"

	"golang.org/x/sys/unix"
)

// Messages go to descriptor 2 by one write each, past os.Stderr: there a closed
// pipe would kill mvrun, and with it the record of the run.

func printLine(text string) {
	_, _ = writeAll(2, []byte(strings.ReplaceAll(text, "\n", "\nmvrun:   ")+"\n"))
}

// writeAll writes by as few calls as the descriptor allows.
func writeAll(fd int, p []byte) (written int, err error) {
	for written < len(p) {
		n, err := unix.Write(fd, p[written:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return written, err
		}
		if n <= 0 {
			return written, io.ErrShortWrite
		}
		written += n
	}
	return written, nil
}

func printError(format string, args ...any) {
	printLine("mvrun: error: " + fmt.Sprintf(format, args...))
}
