package tests

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The same while the database's disk is full now and then.
func TestTortureKillOnAFullDisk(t *testing.T) {
	t.Parallel()
	bash := needProgram(t, "bash")
	a := newArena(t)
	mountAt(t, a.db, "tmpfs", 0, "size=8m")
	filler := filepath.Join(a.db, "filler")
	ended, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		defer os.Remove(filler)
		for full := true; ; full = !full {
			if full {
				fillUp(filler)
			} else {
				_ = os.Truncate(filler, 0)
			}
			select {
			case <-ended:
				return
			case <-time.After(130 * time.Millisecond):
			}
		}
	}()
	all := a.killWorkers(t, bash, fullTimes(200, 40))
	close(ended)
	<-stopped
	// That an alarm was sent may be known to the spool of a dead run only when
	// another process looks: then it comes twice.
	a.checkKilled(t, all, 2)
}
