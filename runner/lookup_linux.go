package runner

import (
	"bytes"
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

const defaultPath = "/bin:/usr/bin" // what execvp takes where PATH is not set

// execute finds the program and calls exec with its path and argv until that succeeds, as execvp(3) does: the folders
// of PATH in their order, what may not be executed passed over but remembered, a file that is no program run by
// /bin/sh. exec forks and executes; it is not called for files that do not exist.
func execute(args, env []string, exec func(path string, argv []string) error) error {
	name := args[0]
	if strings.Contains(name, "/") {
		return executeFile(name, args, exec)
	}
	failure := error(unix.ENOENT)
	if name == "" {
		return failure
	}
	for _, folder := range strings.Split(searchPath(env), ":") {
		if folder == "" {
			folder = "."
		}
		path := folder + "/" + name
		if missing(path) {
			continue
		}
		err := executeFile(path, args, exec)
		if err == nil || !passedOver(err) {
			return err
		}
		if errors.Is(err, unix.EACCES) {
			failure = err
		}
	}
	return failure
}

func searchPath(env []string) string {
	for _, entry := range env {
		if value, ok := strings.CutPrefix(entry, "PATH="); ok {
			return value
		}
	}
	return defaultPath
}

// missing saves the fork for the folders of PATH that do not have the program.
func missing(path string) bool {
	var info unix.Stat_t
	err := unix.Stat(path, &info)
	return err == unix.ENOENT || err == unix.ENOTDIR
}

// passedOver tells the errors after which the search goes on in the next folder.
func passedOver(err error) bool {
	for _, errno := range []unix.Errno{unix.EACCES, unix.ENOENT, unix.ENOTDIR, unix.ESTALE, unix.ENODEV, unix.ETIMEDOUT} {
		if err == errno {
			return true
		}
	}
	return false
}

func executeFile(path string, args []string, exec func(string, []string) error) error {
	err := exec(path, args)
	if err != unix.ENOEXEC || isBinary(path) {
		return err
	}
	if strings.HasPrefix(path, "-") {
		path = "./" + path // no option of the shell
	}
	return exec("/bin/sh", append([]string{"/bin/sh", path}, args[1:]...))
}

// isBinary tells a program for another machine from a script without #!, as shells do: by a NUL in the first line.
func isBinary(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false // a shell will say why
	}
	defer file.Close()
	start := make([]byte, 128)
	n, _ := file.Read(start)
	line, _, _ := bytes.Cut(start[:n], []byte{'\n'})
	return bytes.IndexByte(line, 0) >= 0
}

// startStatus is the exit status for a command that could not be executed.
func startStatus(err error) int {
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return ExitNotFound
	}
	return ExitNotExecutable
}
