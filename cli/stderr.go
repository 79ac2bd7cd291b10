package cli

import (
	"fmt"
	"io"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/viewer"
)

// Messages go to descriptor 2 by one write each, past os.Stderr: there a closed
// pipe would kill mvrun, and with it the record of the run.

// printLine tells something. What others have written stands in many of these texts,
// such as what a command has said or the name of a file, and must not reach a terminal
// as it is.
func printLine(text string) {
	_, _ = writeAll(2, []byte(strings.ReplaceAll(viewer.Visible(text), "\n", "\nmvrun:   ")+"\n"))
}

// oneLine makes one line of a text of several, as the last words of a command are.
func oneLine(text string) string {
	if !strings.ContainsAny(text, "\r\n") {
		return text
	}
	var lines []string
	for _, line := range strings.FieldsFunc(text, func(c rune) bool { return c == '\n' || c == '\r' }) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " | ")
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
