package viewer

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/mvrun/mvrun/record"
)

// How often files are looked at of which the system tells nothing, and how often
// the others, in case it could not tell all.
const (
	pollEvery  = time.Second
	sweepEvery = 30 * time.Second
)

// lookShare bounds what looking at many files takes: one part in so many of the
// time.
const lookShare = 10

// gatherTime is how long changes are gathered: a job writes many lines at once.
const gatherTime = 20 * time.Millisecond

// watcher finds out that files may have changed. It hears of that from the system;
// where other hosts write, or the system watches no more folders, it says again
// and again that any file may have.
type watcher struct {
	folders func() []string // nil: there are more than it is good to watch
	heard   chan hint
	system  *fsnotify.Watcher // nil where it cannot help
	watched map[string]bool
	pause   atomic.Int64 // nanoseconds between two looks, where they take long
}

// hint is what was heard of.
type hint struct {
	paths  []string // none: anything may have changed
	recent bool     // anything of the newest days only
}

// newWatcher begins to watch folders. It ends with the context, and closes heard
// then.
func newWatcher(ctx context.Context, store *record.Store, folders func() []string) *watcher {
	w := &watcher{folders: folders, heard: make(chan hint), watched: map[string]bool{}}
	if !store.OnNetwork() {
		if system, err := fsnotify.NewWatcher(); err == nil {
			w.system = system
			w.addFolders()
		}
	}
	go w.run(ctx)
	return w
}

// run hears the system and, from when it cannot tell any more, asks by itself.
func (w *watcher) run(ctx context.Context) {
	defer close(w.heard)
	if w.system != nil {
		for {
			next, ok := w.listen(ctx)
			if !ok {
				break
			}
			w.tell(ctx, next)
		}
		_ = w.system.Close()
	}
	for looks := 1; ; looks++ {
		sleep(ctx, max(pollEvery, time.Duration(w.pause.Load())))
		if ctx.Err() != nil {
			return
		}
		w.tell(ctx, hint{recent: looks%int(sweepEvery/pollEvery) != 0})
	}
}

func (w *watcher) tell(ctx context.Context, next hint) {
	select {
	case w.heard <- next:
	case <-ctx.Done():
	}
}

// listen waits until the system has told of something; ok is false where it will
// not any more.
func (w *watcher) listen(ctx context.Context) (next hint, ok bool) {
	var paths []string
	gathered := time.NewTimer(max(sweepEvery, time.Duration(w.pause.Load())))
	defer gathered.Stop()
	for {
		select {
		case <-ctx.Done():
			return hint{}, false
		case <-gathered.C:
			return hint{paths: paths}, true
		case _, ok := <-w.system.Errors: // some events were lost
			return hint{}, ok
		case event, ok := <-w.system.Events:
			if !ok {
				return hint{}, false
			}
			if event.Op == fsnotify.Chmod {
				continue
			}
			if len(paths) == 0 {
				gathered.Reset(gatherTime)
			}
			paths = append(paths, event.Name)
		}
	}
}

// each gives the paths that a hint names to place, which reports whether it is of a
// file that it knows. Another may be a new folder, or one that is gone and may come
// back: like a hint without paths, it says that anything may have changed.
func (w *watcher) each(h hint, place func(path string) bool) (all bool) {
	all = len(h.paths) == 0
	for _, path := range h.paths {
		if !place(path) {
			w.forget(path)
			all = true
		}
	}
	if all {
		w.addFolders()
	}
	return all
}

// forget has a folder and all below it watched anew: what bears these names now
// may be something else than what was moved away.
func (w *watcher) forget(folder string) {
	maps.DeleteFunc(w.watched, func(name string, _ bool) bool {
		return name == folder || strings.HasPrefix(name, folder+"/")
	})
}

// addFolders watches the folders that are not watched yet.
func (w *watcher) addFolders() {
	if w.system == nil {
		return
	}
	folders := w.folders()
	if folders == nil {
		_ = w.system.Close() // from now on it is asked, see run
		return
	}
	for _, folder := range folders {
		if w.watched[folder] {
			continue
		}
		switch err := w.system.Add(folder); {
		case err == nil:
			w.watched[folder] = true
		case isFull(err):
			_ = w.system.Close() // from now on it is asked, see run
			return
		}
	}
}

// took is told how long a look at all files has lasted.
func (w *watcher) took(d time.Duration) { w.pause.Store(int64(d * lookShare)) }

// isFull reports whether the system watches no more folders, see inotify(7).
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
