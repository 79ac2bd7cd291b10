//go:build linux && (cgo || (!amd64 && !arm64))

package runner

import "golang.org/x/sys/unix"

// catcher stands for what catch_linux.go does with assembly.
type catcher struct{ stop func() }

func catchSignals(list []unix.Signal, deliver func(caught)) *catcher {
	return &catcher{stop: notifySignals(list, deliver)}
}

func (c *catcher) close() { c.stop() }
