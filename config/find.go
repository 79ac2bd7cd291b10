package config

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// systemFile is the config of the whole host.
const systemFile = "/etc/mvrun/mvrun.yaml"

// FindOptions says where a config may be. Every field may be empty.
type FindOptions struct {
	// Flag is the value of --config, or of $MVRUN_CONFIG in its place.
	Flag string
	// Executable is the running binary, as os.Executable gives it.
	Executable string
	// Home is the user's home folder.
	Home string
}

// Find returns the config file to read, or "" where there is none. One that the
// user has named may not exist. A file that is there but cannot be read is found
// all the same, so that Load says so.
//
// Every job pays for this: a named file costs no system call, the others one
// each, and one more to see whether the binary is a symbolic link.
func Find(o FindOptions) string {
	return find(o, systemFile)
}

func find(o FindOptions, system string) string {
	if o.Flag != "" {
		return o.Flag
	}
	if o.Executable != "" {
		if path := besideInstallation(o.Executable); exists(path) {
			return path
		}
	}
	if o.Home != "" {
		if path := filepath.Join(o.Home, ".config", "mvrun", "mvrun.yaml"); exists(path) {
			return path
		}
	}
	if exists(system) {
		return system
	}
	return ""
}

// besideInstallation is config/mvrun.yaml of an install tree whose bin/ holds
// the binary. Only a binary that is itself a link is resolved in full: Linux
// names the running binary by its true path anyway.
func besideInstallation(executable string) string {
	if _, err := os.Readlink(executable); err == nil {
		if target, err := filepath.EvalSymlinks(executable); err == nil {
			executable = target
		}
	}
	return filepath.Join(filepath.Dir(filepath.Dir(executable)), "config", "mvrun.yaml")
}

func exists(path string) bool {
	return unix.Access(path, unix.F_OK) == nil
}

// DefaultDB returns the database of a user without a config: /var/lib/mvrun for
// root, mvrun below the user's data folder for others. xdgDataHome is
// $XDG_DATA_HOME, which counts only where it is absolute, as its specification
// asks. The answer is "" where neither folder is known.
func DefaultDB(uid int, home, xdgDataHome string) string {
	switch {
	case uid == 0:
		return "/var/lib/mvrun"
	case filepath.IsAbs(xdgDataHome):
		return filepath.Join(xdgDataHome, "mvrun")
	case filepath.IsAbs(home):
		return filepath.Join(home, ".local", "share", "mvrun")
	}
	return ""
}
