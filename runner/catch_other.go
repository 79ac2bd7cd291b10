//go:build linux && (cgo || (!amd64 && !arm64))

package runner

import "golang.org/x/sys/unix"

// catcher stands for what catch_linux.go does with assembly.
type catcher struct{ stop func() }

func catchSignals(list []unix.Signal, _ bool, deliver func(caught)) *catcher {
	return &catcher{stop: notifySignals(list, deliver)}
}

// Signals arrive from the beginning.
func (c *catcher) catchUp() {}
func (c *catcher) begin()   {}

// pending cannot be known of os/signal.
func (c *catcher) pending() bool { return false }

func (c *catcher) close() { c.stop() }
