// Command load is a job that prints much, and the reader behind it.
//
//	load lines BYTES     60-byte lines, one in a thousand a record
//	load endless BYTES   no line end
//	load records COUNT   log records
//	load alarm           an alarm that says when it was printed
//	load now             the time, as `load alarm` says it
//	load sink            reads stdin to its end
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(what string, args []string) error {
	switch what {
	case "alarm":
		_, err := fmt.Printf("ALARM: %d\nnext\n", time.Now().UnixNano())
		return err
	case "now":
		_, err := fmt.Println(time.Now().UnixNano())
		return err
	case "sink":
		_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{os.Stdin}, make([]byte, 128<<10))
		return err
	}
	amount, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return err
	}
	switch what {
	case "lines":
		return repeat(thousandLines(), amount)
	case "endless":
		return repeat(bytes.Repeat([]byte("x"), 64<<10), amount)
	case "records":
		line := []byte("ERROR: " + strings.Repeat("r", 52) + "\n")
		return repeat(line, amount*int64(len(line)))
	}
	return fmt.Errorf("%q is not known", what)
}

func thousandLines() []byte {
	ordinary := strings.Repeat("ordinary output ", 4)[:59] + "\n"
	return []byte(strings.Repeat(ordinary, 999) + "ERROR: " + strings.Repeat("r", 52) + "\n")
}

// repeat writes a piece until so many bytes are out, in writes of about 64 KiB.
func repeat(piece []byte, amount int64) error {
	piece = bytes.Repeat(piece, max(1, 64<<10/len(piece)))
	for amount > 0 {
		n, err := os.Stdout.Write(piece[:min(amount, int64(len(piece)))])
		if err != nil {
			return err
		}
		amount -= int64(n)
	}
	return nil
}
