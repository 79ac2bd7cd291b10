package cli

import (
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/screen"
)

// opensScreen reports whether the listing is to be looked at in the full-screen
// viewer: in a terminal, where neither a kind was named nor how to print it.
func (o *viewOptions) opensScreen(f *pflag.FlagSet) bool {
	if f.NArg() > 0 || os.Getenv("TERM") == "dumb" {
		return false
	}
	for _, printing := range [...]string{"format", "columns", "wide", "why", "follow", "limit", "reverse", "no-pager"} {
		if f.Changed(printing) {
			return false
		}
	}
	return isTerminal(0) && isTerminal(1)
}

func isTerminal(fd int) bool {
	_, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
	return err == nil
}

// openScreen shows the full-screen viewer until the user has seen enough.
func (o *viewOptions) openScreen(s *session, store *record.Store) error {
	if err := screen.CheckFilter(o.filter, time.Now(), s.config.Levels); err != nil {
		return inputError(err)
	}
	// Beside it: the database may not answer.
	go func() { _ = s.ended(store, nil) }()
	err := screen.Run(os.Stdin, os.Stdout, screen.Options{
		Store: store, Database: s.databasePath(true), Filter: o.filter, Levels: s.config.Levels,
		Language: heartbeat.Language(s.config.Lang), Rules: rules(s.config),
	})
	if ended, ok := errors.AsType[*screen.SignalError](err); ok {
		return silentStatus(128 + int(ended.Signal.(syscall.Signal)))
	}
	if err != nil {
		return statusError{err, 1}
	}
	return nil
}
