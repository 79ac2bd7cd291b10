package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// writeConfig puts a new config in its place, whole or not at all, and follows no
// link that somebody may have put there. What was there stays as it is without
// force (the error is fs.ErrExist), and with force under the name that is
// returned.
func writeConfig(path string, data []byte, mode fs.FileMode, force bool, now time.Time) (backup string, err error) {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	temporary, err := writeTemporary(folder, data, mode)
	if err != nil {
		return "", err
	}
	defer os.Remove(temporary) // the name is another one by then, if all went well
	if force {
		backup, err = keepBackup(path, now)
		if err != nil {
			return "", fmt.Errorf("keep a backup: %w", err)
		}
	}
	if backup != "" {
		err = os.Rename(temporary, path)
	} else {
		err = renameNew(temporary, path)
	}
	if err != nil {
		return "", err
	}
	syncFolder(folder)
	return backup, nil
}

// writeTemporary makes a file of a name that nobody could foresee, with its
// content on the disk itself.
func writeTemporary(folder string, data []byte, mode fs.FileMode) (name string, err error) {
	file, err := os.CreateTemp(folder, ".mvrun.yaml.*")
	if err != nil {
		return "", err
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Chmod(mode), file.Sync(), file.Close())
	if err != nil {
		os.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}

// renameNew renames a file unless the new name is taken, also by a link that
// leads nowhere: a hard link is made only where there is nothing.
func renameNew(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return withoutPaths(err, to)
	}
	// Some file systems know no hard links. There the name is taken first, by an
	// empty file, which the rename replaces.
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	file.Close()
	return os.Rename(from, to)
}

// withoutPaths names one path where a link's error names two.
func withoutPaths(err error, path string) error {
	if link, ok := errors.AsType[*os.LinkError](err); ok {
		return &fs.PathError{Op: "write", Path: path, Err: link.Err}
	}
	return err
}

// keepBackup gives the file that is to be replaced a second name, of its own, so
// that at no moment there is no config. The name is "" where there is no file.
func keepBackup(path string, now time.Time) (backup string, err error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	stamp := path + ".bak." + now.Format("20060102-150405")
	for n := range 100 {
		switch n {
		case 0:
			backup = path + ".bak"
		case 1:
			backup = stamp
		default:
			backup = fmt.Sprintf("%s.%d", stamp, n)
		}
		if err = os.Link(path, backup); err == nil {
			return backup, nil
		}
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		// No hard links, or not to a file of somebody else's.
		if _, exists := os.Lstat(backup); errors.Is(exists, fs.ErrNotExist) {
			return backup, os.Rename(path, backup)
		}
	}
	return "", withoutPaths(err, backup)
}

// syncFolder makes a new name outlive a loss of power. Some file systems know no
// such thing.
func syncFolder(path string) {
	if folder, err := os.Open(path); err == nil {
		_ = folder.Sync()
		folder.Close()
	}
}
