package viewer

import (
	"context"
	"time"

	"github.com/mvrun/mvrun/record"
)

// Watch tells what of a database changes, until the context ends: told by the
// system of changed folders, and by looking where that cannot tell. What changes
// after Watch has returned is told of. The caller then runs the function that it
// was given, which calls use, again and again from its goroutine, and returns once
// the context has ended and everything is closed.
func Watch(ctx context.Context, store *record.Store) (run func(use func([]record.Touched))) {
	touches := store.Touches()
	// Watched before the first look, so that nothing is missed in between.
	watcher := newWatcher(ctx, store, touches.Folders)
	touches.Look()
	return func(use func([]record.Touched)) {
		for next := range watcher.heard {
			if touched := watcher.touched(touches, next); len(touched) > 0 {
				use(touched)
			}
		}
	}
}

// touched finds out what a hint is about.
func (w *watcher) touched(touches *record.Touches, h hint) (touched []record.Touched) {
	all := w.each(h, func(path string) bool {
		one, ok := touches.Touch(path)
		if ok {
			touched = append(touched, one)
		}
		return ok
	})
	if all {
		start := time.Now()
		touched = append(touched, touches.Look()...)
		w.took(time.Since(start))
	}
	return touched
}
