// Command history makes a database as many jobs leave it behind, the same one each
// time.
//
//	history FOLDER LAST ITEMS DAYS LINES    so many items and days up to the day LAST
//	                                        (20241130), with so many log lines altogether
//
// One log line in 10,000 holds the text "lmgrd: license denied"; a day of each item
// has 24 heartbeats and runs, and an alarm now and then. 5 million lines are 1 GB.
package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 5 {
		return fmt.Errorf("usage: history FOLDER LAST ITEMS DAYS LINES")
	}
	last, err := time.ParseInLocation("20060102", args[1], time.Local)
	var numbers [3]int
	for i, text := range args[2:] {
		if err == nil {
			numbers[i], err = strconv.Atoi(text)
		}
	}
	if err != nil {
		return err
	}
	items, days := numbers[0], numbers[1]
	h := history{random: rand.New(rand.NewPCG(5, 5)), lines: numbers[2] / (items * days)}
	for item := range items {
		for day := range days {
			if err := h.day(filepath.Join(args[0], place(item)), last.AddDate(0, 0, day-days+1)); err != nil {
				return err
			}
		}
	}
	return nil
}

func place(item int) string {
	directions := []string{"LSF", "host", "license", "security", "storage"}
	return filepath.Join(directions[item%len(directions)], fmt.Sprintf("check_%03d", item))
}

type history struct {
	random *rand.Rand
	lines  int // of the log of an item and day
}

// day writes the files of an item and day.
func (h *history) day(folder string, midnight time.Time) error {
	err := h.file(folder, "log", midnight, h.lines, h.log)
	for _, kind := range []string{"heartbeat", "run"} {
		if err == nil {
			err = h.file(folder, kind, midnight, 24, map[string]line{"heartbeat": h.heartbeat, "run": h.run}[kind])
		}
	}
	if err == nil && h.random.IntN(3) == 0 {
		err = h.file(folder, "alarm", midnight, 1+h.random.IntN(4), h.alarm)
	}
	return err
}

type line func(out *bufio.Writer, at time.Time)

// file writes lines that are spread over a day.
func (h *history) file(folder, kind string, midnight time.Time, count int, write line) error {
	if err := os.MkdirAll(filepath.Join(folder, kind), 0o755); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(folder, kind, midnight.Format("20060102")))
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriterSize(file, 64<<10)
	step := 24 * time.Hour / time.Duration(count+1)
	for i := range count {
		write(out, midnight.Add(time.Duration(i)*step+time.Duration(h.random.Int64N(int64(step)))))
	}
	return out.Flush()
}

func (h *history) log(out *bufio.Writer, at time.Time) {
	level := [...]string{"Info", "Info", "Info", "Info", "Debug", "Debug", "Warning", "Warning", "Error", "Fatal"}[h.random.IntN(10)]
	fmt.Fprintf(out, `{"time": "%s", "message_level": "%s", "message": "%s", %s}`+"\n", at.Format(time.DateTime), level, h.message(), h.origin(at))
}

func (h *history) message() string {
	switch number := h.random.IntN(10_000); {
	case number == 0:
		return fmt.Sprintf("lmgrd: license denied for feature F%d", h.random.IntN(100))
	case number < 100:
		return fmt.Sprintf(`节点 node%04d 失联\n  \"%d\" jobs are lost`, h.random.IntN(2000), number)
	}
	return fmt.Sprintf("node%04d: job %d on queue normal used %d MB of /scratch", h.random.IntN(2000), h.random.IntN(1e7), h.random.IntN(500_000))
}

// origin is what mvrun's records end with.
func (h *history) origin(at time.Time) string {
	return fmt.Sprintf(`"ts": "%s", "run": "%s-%08x"`, at.Format(time.RFC3339Nano), at.Truncate(time.Hour).Format("20060102T150405"), h.random.Uint32())
}

func (h *history) heartbeat(out *bufio.Writer, at time.Time) {
	fmt.Fprintf(out, `{"time": "%s", "user": "root", "host": "10.1.2.%d", "script": "/ic/software/tools/check.py", %s}`+"\n",
		at.Format(time.DateTime), h.random.IntN(256), h.origin(at))
}

func (h *history) run(out *bufio.Writer, at time.Time) {
	code := 0
	if h.random.IntN(50) == 0 {
		code = 1
	}
	fmt.Fprintf(out, `{"time": "%s", "run": "%s-%08x", "exit_code": %d, "cause": "exited", "attempts": 1, "ts": "%s", "duration": %d.%03d}`+"\n",
		at.Format(time.DateTime), at.Format("20060102T150405"), h.random.Uint32(), code, at.Format(time.RFC3339Nano), h.random.IntN(60), h.random.IntN(1000))
}

func (h *history) alarm(out *bufio.Writer, at time.Time) {
	result := [...]string{"PASSED", "PASSED", "PASSED", "FAILED", "SUPPRESSED"}[h.random.IntN(5)]
	fmt.Fprintf(out, `{"time": "%s", "md5": "%032x", "receivers": "alice bob", "send_alarm_result": "%s", "message": "%s", %s}`+"\n",
		at.Format(time.DateTime), h.random.Uint64(), result, h.message(), h.origin(at))
}
