// Wrap is the smallest program around package runner: the tests run it as mvrun would be run.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/runner"
)

type options struct {
	result, stdout, stderr, exec, started  string
	pty, hold, replay, drop                bool
	timeout, killAfter, delay, execTimeout time.Duration
	attempts                               int
	cancel                                 bool
}

func parse() (o options, command []string) {
	flag.StringVar(&o.result, "result", "", "write the result as JSON to this `file`")
	flag.StringVar(&o.stdout, "stdout", "", "copy of stdout in this `file`; - for a sink that keeps nothing")
	flag.StringVar(&o.stderr, "stderr", "", "likewise")
	flag.StringVar(&o.exec, "exec", "", "run this `command line` as a helper beside the command")
	flag.StringVar(&o.started, "started", "", "write the command's process id to this `file`")
	flag.BoolVar(&o.pty, "pty", false, "")
	flag.BoolVar(&o.hold, "hold", false, "")
	flag.BoolVar(&o.replay, "replay", false, "show what was held")
	flag.BoolVar(&o.drop, "drop", false, "close what is left over")
	flag.BoolVar(&o.cancel, "cancel", false, "cancel once the helper has ended")
	flag.DurationVar(&o.timeout, "timeout", 0, "")
	flag.DurationVar(&o.killAfter, "kill-after", 0, "")
	flag.DurationVar(&o.delay, "delay", 0, "wait so long before the start, or until stopped")
	flag.DurationVar(&o.execTimeout, "exec-timeout", time.Minute, "")
	flag.IntVar(&o.attempts, "attempts", 1, "")
	flag.Parse()
	return o, flag.Args()
}

// copySink appends what it gets to a file. Its deadline is 50 ms after each write; the tick is written as "<tick>".
type copySink struct {
	file     *os.File
	deadline time.Time
}

func openSink(path string) runner.Sink {
	if path == "" {
		return nil
	}
	if path == "-" {
		return &copySink{}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		panic(err)
	}
	return &copySink{file: file}
}

func (s *copySink) Write(p []byte) (int, error) {
	if s.file == nil {
		return len(p), nil
	}
	s.deadline = time.Now().Add(50 * time.Millisecond)
	return s.file.Write(p)
}

func (s *copySink) Deadline() time.Time { return s.deadline }

func (s *copySink) Tick(time.Time) {
	s.deadline = time.Time{}
	_, _ = s.file.WriteString("<tick>")
}

type record struct {
	*runner.Result
	StartError string
	Lost       []string
	Leftover   bool
	Helper     *runner.ExecResult
	HelperText string
	Duration   float64
	Peak       int // memory of this program itself, KiB
}

// peak is VmHWM. What wait4 tells would be at least the memory of the process that forked this one.
func peak() (kib int) {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	_, _ = fmt.Sscan(rest, &kib)
	return kib
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "drain" {
		os.Exit(drain())
	}
	if len(os.Args) > 1 && os.Args[1] == "listen" {
		os.Exit(listen())
	}
	if len(os.Args) > 1 && os.Args[1] == "relay" {
		os.Exit(relay())
	}
	if len(os.Args) > 2 && os.Args[1] == "lines" {
		os.Exit(lines(os.Args[2]))
	}
	s := runner.NewSupervisor()
	o, args := parse()
	if o.delay > 0 {
		fmt.Println("waiting")
		select {
		case <-time.After(o.delay):
		case <-s.Stopped():
		}
	}
	code := o.run(s, args)
	s.Close()
	os.Exit(code)
}

func (o options) run(s *runner.Supervisor, args []string) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	command := &runner.Command{Args: args, Stdout: openSink(o.stdout), Stderr: openSink(o.stderr), PTY: o.pty,
		Hold: o.hold, Timeout: o.timeout, KillAfter: o.killAfter}
	rec := record{}
	helped := make(chan struct{})
	command.OnStart = func(pid int) {
		if o.started != "" {
			_ = os.WriteFile(o.started, []byte(strconv.Itoa(pid)), 0o600)
		}
		go func() {
			defer close(helped)
			rec.help(s, o)
			if o.cancel {
				cancel()
			}
		}()
	}
	var r *runner.Result
	for range o.attempts {
		r = s.Run(ctx, command)
		command.Before = r
		if r.PID != 0 {
			<-helped
		}
		if code, _ := r.Status(); code == 0 {
			break
		}
		helped = make(chan struct{})
	}
	if o.replay {
		if err := r.Replay(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	rec.fill(r)
	o.dispose(r.Leftover)
	if o.result != "" {
		rec.write(o.result)
	}
	code, die := r.Status()
	if die != 0 {
		runner.DieOf(die)
		return code // process 1 does not die
	}
	return code
}

func (rec *record) help(s *runner.Supervisor, o options) {
	if o.exec == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.execTimeout)
	defer cancel()
	result, _ := s.Exec(ctx, runner.ExecRequest{Args: []string{"/bin/sh", "-c", o.exec}, Stdin: []byte("to the helper\n"),
		MaxOutput: 100})
	rec.Helper, rec.HelperText = &result, string(result.Output)
}

func (o options) dispose(left *runner.Leftover) {
	if left == nil {
		return
	}
	if o.drop {
		left.Close()
		return
	}
	left.Discard = o.hold && !o.replay
	if err := left.Handoff([]string{os.Args[0], "drain"}, nil, []byte(o.stdout)); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func (rec *record) fill(r *runner.Result) {
	rec.Result, rec.Leftover, rec.Duration = r, r.Leftover != nil, r.Duration.Seconds()
	if r.StartError != nil {
		rec.StartError = r.StartError.Error()
	}
	for _, loss := range r.Lost {
		rec.Lost = append(rec.Lost, fmt.Sprintf("%s %d %v", loss.Stream, loss.Bytes, loss.Reason))
	}
}

func (rec *record) write(path string) {
	rec.Peak = peak()
	text, err := json.Marshal(rec)
	if err != nil {
		panic(err)
	}
	// A rename, so that a test that waits for the file sees all of it.
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		panic(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		panic(err)
	}
}

func drain() int {
	d, err := runner.TakeOver()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	d.Drain(openSink(string(d.State)), nil)
	return 0
}

// listen is a job: it prints the number of every signal it gets, and ends with status 3 at the first byte or the end of
// stdin. With the argument "stoppable" it leaves the signals of job control alone.
func listen() int {
	signals := make(chan os.Signal, 64)
	stoppable := len(os.Args) > 2 && os.Args[2] == "stoppable"
	for sig := syscall.Signal(1); sig < 65; sig++ {
		switch sig {
		case syscall.SIGURG, syscall.SIGCHLD:
		case syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU: // once asked for, they never stop the process again
			if !stoppable {
				signal.Notify(signals, sig)
			}
		default:
			signal.Notify(signals, sig)
		}
	}
	ended := make(chan struct{})
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		close(ended)
	}()
	fmt.Println("ready", os.Getpid(), syscall.Getpgrp())
	for {
		select {
		case sig := <-signals:
			fmt.Printf("<%d>\n", sig)
		case <-ended:
			fmt.Println("end")
			return 3
		}
	}
}

// relay is a job that ignores TERM and, for as long as somebody holds the other end of its stdin, starts itself again in a
// session of its own, and ends.
func relay() int {
	signal.Ignore(syscall.SIGTERM)
	if n, _ := unix.Poll([]unix.PollFd{{Fd: 0}}, 2); n > 0 {
		return 0
	}
	held := os.NewFile(3, "held")
	_, err := os.StartProcess("/proc/self/exe", os.Args, &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr, held}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 1
	}
	return 0
}

// lines is a job: it prints so many MiB of lines of 60 bytes, 1024 lines at a time.
func lines(size string) int {
	mebibytes, err := strconv.Atoi(size)
	if err != nil {
		return 1
	}
	block := []byte(strings.Repeat(strings.Repeat("x", 59)+"\n", 1024))
	for left := mebibytes << 20; left > 0; left -= len(block) {
		if _, err := os.Stdout.Write(block[:min(left, len(block))]); err != nil {
			return 1
		}
	}
	return 0
}
