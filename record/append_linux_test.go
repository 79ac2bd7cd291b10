package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func init() { children["fulldisk"] = childFullDisk }

// childFullDisk fills a file system of 1 MiB, and makes it read-only.
func childFullDisk(args []string) error {
	mount := args[0]
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("refused: %w", err)
	}
	if err := unix.Mount("tmpfs", mount, "tmpfs", 0, "size=1m"); err != nil {
		return fmt.Errorf("refused: %w", err)
	}
	for _, layout := range []Layout{LayoutDirect, LayoutPerHost} {
		if err := fillDisk(filepath.Join(mount, string(layout)), layout); err != nil {
			return fmt.Errorf("%s: %w", layout, err)
		}
	}
	if err := unix.Mount("none", mount, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		return err
	}
	store, err := OpenStore(filepath.Join(mount, "direct"), StoreOptions{Layout: LayoutDirect})
	if err != nil {
		return err
	}
	if err := store.Append(testItem, Log, testDay, []byte(testLine("w", 1))); !errors.Is(err, unix.EROFS) {
		return fmt.Errorf("read-only: %v", err)
	}
	return nil
}

func fillDisk(db string, layout Layout) error {
	store, err := OpenStore(db, StoreOptions{Layout: layout, Host: "n1"})
	if err != nil {
		return err
	}
	defer store.Close()
	path := dayPath(db)
	if layout == LayoutPerHost {
		path = hostPath(db, "n1")
	}
	filler := filepath.Join(db, "filler")
	full := func() error {
		file, err := os.OpenFile(filler, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		for err == nil {
			_, err = file.Write(make([]byte, 4096))
		}
		_ = file.Close()
		return err
	}
	// With the last block of the day file partly used, a write is cut short there.
	if err := store.Append(testItem, Log, testDay, []byte(testLine("w", 0))); err != nil {
		return err
	}
	if err := full(); !errors.Is(err, unix.ENOSPC) {
		return err
	}
	kept := 1
	for ; err == nil; kept++ {
		err = store.Append(testItem, Log, testDay, []byte(testLine("w", kept)))
	}
	if !errors.Is(err, unix.ENOSPC) {
		return fmt.Errorf("a full disk: %w", err)
	}
	if err := os.Remove(filler); err != nil {
		return err
	}
	if err := store.Append(testItem, Log, testDay, []byte(testLine("w", 9999))); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	want := ""
	for i := range kept - 1 {
		want += testLine("w", i)
	}
	if layout == LayoutPerHost {
		// What was let through of the refused line stays, as a line of its own.
		part := testLine("w", kept-1)
		for n := len(part) - 1; n > 0; n-- {
			if string(data) == want+part[:n]+"\n"+testLine("w", 9999) {
				return nil
			}
		}
	}
	if string(data) != want+testLine("w", 9999) {
		return fmt.Errorf("the file is %q", data)
	}
	return nil
}

func TestAppendToAFullDisk(t *testing.T) {
	cmd := child(t, "fulldisk", t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	var exit interface{ ExitCode() int }
	if err != nil && (!errors.As(err, &exit) || len(out) > 14 && string(out[:14]) == "child: refused") {
		unavailable(t, "a mount namespace with a tmpfs", fmt.Errorf("%w: %s", err, out))
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
