package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// The check is watched by everything else: each run and each view looks whether
// one has gone through within a day, and starts one if not.

// checkEvery is the age from which a check is missed.
const checkEvery = 24 * time.Hour

// claimFor is how long others leave it to a process that has started a check.
const claimFor = 10 * time.Minute

// The files of which only the time matters: when a check has gone through, and when
// one was started in the background.
func stampElem() []string { return []string{record.MetaFolder, checkFolder, "last"} }
func claimElem() []string { return []string{record.MetaFolder, checkFolder, "started"} }

// checkAge is the age of one of these files. Where the one that is looked at first is
// younger than young, that is enough.
func checkAge(store *record.Store, elem []string, now time.Time, young time.Duration) (time.Duration, error) {
	info, err := os.Lstat(store.Meta().Path(elem...))
	if err != nil || now.Sub(info.ModTime()) >= young {
		if _, newest := newestNote(store, elem); newest != nil {
			info, err = newest, nil
		}
	}
	if err != nil {
		return 0, err
	}
	return now.Sub(info.ModTime()), nil
}

// ownNote ends the names of notes that a user keeps beside that of another.
const ownNote = ".uid"

// newestNote finds what checks have noted last. In a shared database no user can
// replace the note of another; he keeps one of his own beside it, and the newest
// is the one that counts.
func newestNote(store *record.Store, elem []string) (newest []string, info fs.FileInfo) {
	newest = elem
	if found, err := os.Lstat(store.Meta().Path(elem...)); err == nil {
		info = found
	}
	if !store.Meta().Shared() {
		return newest, info
	}
	folder, name := elem[:len(elem)-1], elem[len(elem)-1]
	entries, _ := store.Meta().List(folder...)
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), name+ownNote) || !entry.Type().IsRegular() {
			continue
		}
		if found, err := entry.Info(); err == nil && (info == nil || found.ModTime().After(info.ModTime())) {
			newest, info = append(folder[:len(folder):len(folder)], entry.Name()), found
		}
	}
	return newest, info
}

// readNote reads what checks have noted last.
func readNote(store *record.Store, elem []string) ([]byte, error) {
	newest, _ := newestNote(store, elem)
	return store.Meta().ReadFile(newest...)
}

// writeNote keeps a note for the next check.
func writeNote(store *record.Store, data []byte, elem []string) error {
	err := store.Meta().WriteFile(data, 0o644, elem...)
	if !errors.Is(err, fs.ErrPermission) || !store.Meta().Shared() {
		return err
	}
	own := slices.Clone(elem)
	own[len(own)-1] += ownNote + strconv.Itoa(os.Geteuid())
	return store.Meta().WriteFile(data, 0o644, own...)
}

func prunedElem() []string { return []string{record.MetaFolder, checkFolder, "pruned"} }

// pruneDaily removes and archives what the config's retention lets go, once a day
// on all hosts together.
func (c *check) pruneDaily(ctx context.Context) {
	if c.config.Retention.IsZero() {
		return
	}
	if age, err := checkAge(c.store, prunedElem(), c.now, checkEvery); err == nil && age.Abs() < checkEvery {
		return
	}
	if err := touchCheck(c.store, prunedElem(), c.now); err != nil {
		c.note(err)
		return
	}
	_, err := c.session.prune(ctx, false, nil)
	c.note(err)
}

// keepStamp says that a check of all items has gone through.
func (c *check) keepStamp() {
	if len(c.options.directions)+len(c.options.items) == 0 {
		c.note(touchCheck(c.store, stampElem(), c.now))
	}
}

func touchCheck(store *record.Store, elem []string, now time.Time) error {
	return writeNote(store, []byte(now.Format(time.RFC3339)+" "+hostName()+"\n"), elem)
}

// checkMissed reports whether a check is to be started, and claims it. For nearly
// every run that is one stat.
//
// A database where no check ever was, and that holds other items than this run's,
// has been without one for long. One that is new begins its first day. A stamp from
// the future is that of a clock that was wrong.
func checkMissed(store *record.Store, item record.Item, now time.Time) bool {
	age, err := checkAge(store, stampElem(), now, checkEvery)
	switch {
	case err == nil && age.Abs() < checkEvery:
		return false
	case errors.Is(err, fs.ErrNotExist) && item == record.Item{}:
		return false // somebody looks at a database that mvrun does not write to
	case errors.Is(err, fs.ErrNotExist) && !hasOthers(store, item):
		_ = touchCheck(store, stampElem(), now)
		return false
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return false
	}
	if age, err := checkAge(store, claimElem(), now, claimFor); err == nil && age.Abs() < claimFor {
		return false
	}
	return touchCheck(store, claimElem(), now) == nil
}

// hasOthers reports whether there are other items in a database.
func hasOthers(store *record.Store, item record.Item) bool {
	items, _ := store.Candidates(nil, nil)
	return len(items) > 1 || len(items) == 1 && items[0] != item
}

// startCheck starts a check in the background.
func (s *session) startCheck(supervisor *runner.Supervisor) {
	args := []string{"mvrun", "check", "--background", "--db", s.store.Path()}
	if s.configPath != "" {
		args = append(args, "--config", s.configPath)
	}
	_ = supervisor.StartDetached(args, os.Environ())
}

// claimBackground reports whether this check, which a run or a view has started, is
// still needed; many may have been started at the same moment. The lock that it
// takes is given back when the process ends.
func (c *check) claimBackground() bool {
	if _, err := c.store.Lock(checkLocks, "background"); err != nil {
		return false
	}
	age, err := checkAge(c.store, stampElem(), c.now, checkEvery)
	return err != nil || age.Abs() >= checkEvery
}
