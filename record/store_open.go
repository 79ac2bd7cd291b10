package record

// openDay is a day file that is kept open for who appends next.
type openDay struct {
	*dayAppender
	turn  chan struct{} // has room for who appends: a file's lock is not between those who share its descriptor
	stuck error         // of turn: why the last one gave up waiting; the file is not kept then

	// Of Store.mu.
	users   int  // who append, or wait for their turn
	dropped bool // the last of them closes it
}

// maxOpenFiles bounds the descriptors that a long flush over many items keeps.
const maxOpenFiles = 16

// appendTries is how often a day file that is replaced again and again is opened
// anew.
const appendTries = 5

func (s *Store) appendTo(file dayFile, prefix []string, direct bool, lines []byte) error {
	elem := file.elem(prefix)
	path := s.tree.Path(elem...)
	err := errReplaced
	for range appendTries {
		var a *openDay
		if a, err = s.take(path, elem); err != nil {
			return err
		}
		if direct {
			err = a.append(lines, s.setAside(file))
		} else {
			err = a.append(lines, nil)
		}
		s.giveBack(path, a, err == nil)
		if err != errReplaced {
			break
		}
	}
	if err != nil {
		return pathError("append", path, err)
	}
	return nil
}

// append appends in its turn, to a file that only this host writes to where nothing
// can be set aside. Who waited behind one that gave up waiting has waited long enough.
func (a *openDay) append(lines []byte, aside setAside) error {
	a.turn <- struct{}{}
	defer func() { <-a.turn }()
	switch {
	case a.stuck != nil:
		return a.stuck
	case aside == nil:
		return a.appendOwn(lines)
	}
	err := a.appendLocked(lines, aside)
	if err == ErrLocked || err == errUnfinished {
		a.stuck = err
	}
	return err
}

// take gives the open day file to one more user.
func (s *Store) take(path string, elem []string) (*openDay, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.open[path]
	if a == nil {
		if len(s.open) >= maxOpenFiles {
			s.forgetAll()
		}
		opened, err := s.tree.openDay(s.options.Now, true, elem...)
		if err != nil {
			return nil, err
		}
		opened.remote = s.remote
		a = &openDay{dayAppender: opened, turn: make(chan struct{}, 1)}
		s.open[path] = a
	}
	a.users++
	return a, nil
}

// giveBack is called once for each take. Without keep, who comes next opens the file
// anew.
func (s *Store) giveBack(path string, a *openDay, keep bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.users--
	if !keep && s.open[path] == a {
		s.forget(path)
	} else if a.dropped && a.users == 0 {
		_ = a.close()
	}
}

// forget has a day file closed, once nobody appends to it any more. The caller holds
// the Store's lock.
func (s *Store) forget(path string) {
	a := s.open[path]
	if a == nil {
		return
	}
	delete(s.open, path)
	a.dropped = true
	if a.users == 0 {
		_ = a.close()
	}
}

func (s *Store) forgetAll() {
	for path := range s.open {
		s.forget(path)
	}
}

// release closes one day file.
func (s *Store) release(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(path)
}

// Release closes the day files that are open, for a caller that will be idle
// for long: on NFS only a close makes the lines visible to other hosts.
func (s *Store) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetAll()
}
