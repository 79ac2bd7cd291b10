package record

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Renew looks whether the database is still at its path. Another one that took its
// place is read and written from then on, also by what is under way, but for an append
// that has its day file open already. It is for those who keep a store for long, each
// time before they read or write. The error is that there is none now.
func (s *Store) Renew() error {
	if err := s.tree.renew(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// Not only for who has renewed the tree: who comes a moment later must not append to
	// a day file of the one before, either.
	if before := s.tree.predecessors(); before != s.before {
		s.before, s.layout, s.zoned = before, "", false
		clear(s.foreign)
		s.forgetAll()
	}
	return nil
}

// predecessors counts the folders that were at the path before this one.
func (t *Tree) predecessors() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.before
}

func (t *Tree) renew() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var there, ours unix.Stat_t
	if err := unix.Stat(t.path, &there); err != nil {
		return pathError("open", t.path, err)
	}
	if t.root < 0 {
		return nil // nothing was opened yet
	}
	if unix.Fstat(t.root, &ours) == nil && ours.Dev == there.Dev && ours.Ino == there.Ino {
		return nil
	}
	fd, err := openRetry(unix.AT_FDCWD, t.path, dirFlags, 0)
	if err != nil {
		return pathError("open", t.path, err)
	}
	defer unix.Close(fd)
	// The descriptor keeps its number, which others may be using at this moment.
	if err := replaceDescriptor(fd, t.root); err != nil {
		return pathError("open", t.path, err)
	}
	t.shared = uint32(there.Mode)&0o1002 == 0o1002
	t.before++
	return nil
}

// ended tells why what was read is not all there is: the database was removed
// meanwhile, or this process has no descriptors left.
func (l *listing) ended() error { return l.store.whole(l.stats) }

func (s *Store) whole(stats *Stats) error {
	if stats.exhausted != nil {
		return stats.exhausted
	}
	root, err := s.tree.rootFD(false)
	if err != nil {
		return nil // there was none from the beginning
	}
	var st unix.Stat_t
	if unix.Fstat(root, &st) == nil && st.Nlink == 0 {
		return fmt.Errorf("the database %s was removed while it was read: %w", s.Path(), os.ErrNotExist)
	}
	return nil
}

func isExhausted(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE)
}
