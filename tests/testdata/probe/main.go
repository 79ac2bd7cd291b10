//go:build linux

// Probe is what the tests run below, or in front of, mvrun where a shell cannot
// tell or do enough.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func main() {
	if len(os.Args) < 2 {
		os.Exit(2)
	}
	args := os.Args[2:]
	status := 2
	switch os.Args[1] {
	case "listen":
		status = listen(len(args) > 0)
	case "peak":
		status = peak(args[0], args[1:])
	case "block":
		status = block(args[0], args[1:])
	case "ignore":
		status = ignore(args[0], args[1:])
	case "root":
		status = root(args[0])
	case "identity":
		status = identity(args)
	}
	os.Exit(status)
}

// listen is a job: it prints its process id and group, then the number of every
// signal it gets, and ends with status 3 at the first byte or the end of stdin.
// A stoppable one leaves the signals of job control alone.
func listen(stoppable bool) int {
	signals := make(chan os.Signal, 256)
	for number := syscall.Signal(1); number < 65; number++ {
		switch number {
		case unix.SIGURG, unix.SIGCHLD, 32, 33, 34: // the runtime's, and the C library's
		case unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU: // once asked for, they never stop the process again
			if !stoppable {
				signal.Notify(signals, number)
			}
		default:
			signal.Notify(signals, number)
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

// peak runs a command and writes the largest memory of it, and of any process
// that it has waited for, in KiB into a file. This program's own counts, too,
// which is small: the kernel lets a child begin with its parent's.
func peak(path string, args []string) int {
	command := exec.Command(args[0], args[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := command.Run(); err != nil && command.ProcessState == nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	usage, _ := command.ProcessState.SysUsage().(*syscall.Rusage)
	if err := os.WriteFile(path, []byte(strconv.FormatInt(usage.Maxrss, 10)), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return command.ProcessState.ExitCode()
}

// block executes a command with a signal blocked.
func block(number string, args []string) int {
	sig, err := strconv.Atoi(number)
	if err != nil {
		return 2
	}
	runtime.LockOSThread()
	var set unix.Sigset_t
	bits := int(unsafe.Sizeof(set.Val[0])) * 8
	set.Val[(sig-1)/bits] |= 1 << ((sig - 1) % bits)
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &set, nil); err != nil {
		return 2
	}
	return execute(args)
}

// ignore executes a command with a signal ignored.
func ignore(number string, args []string) int {
	sig, err := strconv.Atoi(number)
	if err != nil {
		return 2
	}
	signal.Ignore(syscall.Signal(sig))
	return execute(args)
}

func execute(args []string) int {
	path, err := exec.LookPath(args[0])
	if err == nil {
		err = syscall.Exec(path, args, os.Environ())
	}
	fmt.Fprintln(os.Stderr, err)
	return 2
}

// root is a process that the user who started it, from a file that belongs to
// root and has the set-user-ID bit, cannot kill. It writes its process id into
// a file and ends when it is killed by root.
func root(path string) int {
	if err := syscall.Setreuid(0, 0); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())), 0o644); err != nil {
		return 2
	}
	for {
		_ = unix.Pause()
	}
}

// identity prints what a process can say of itself without a shell's help.
func identity(args []string) int {
	session, _ := unix.Getsid(0)
	var stdin unix.Stat_t
	if err := unix.Fstat(0, &stdin); err != nil {
		return 2
	}
	folder, _ := os.Getwd()
	var limits []unix.Rlimit
	for kind := range 16 { // RLIM_NLIMITS
		var limit unix.Rlimit
		if err := unix.Prlimit(0, kind, nil, &limit); err == nil {
			limits = append(limits, limit)
		}
	}
	nice, _ := unix.Getpriority(unix.PRIO_PROCESS, 0)
	raw := make([][]byte, len(args))
	for i, arg := range args {
		raw[i] = []byte(arg)
	}
	mask := unix.Umask(0)
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{
		"args": raw, "stdin": []uint64{stdin.Dev, stdin.Ino}, "folder": folder, "limits": limits, "nice": nice, "umask": mask,
		"session": session, "uid": os.Getuid(),
	})
	return 0
}
