//go:build !linux

package record

import "golang.org/x/sys/unix"

// replaceDescriptor lets one descriptor mean what another one does, at once.
func replaceDescriptor(from, to int) error {
	if err := unix.Dup2(from, to); err != nil {
		return err
	}
	unix.CloseOnExec(to)
	return nil
}
