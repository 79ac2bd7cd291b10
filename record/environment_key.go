package record

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

const keyFolder = "key"

// keyBytes is the length of a key, in bytes.
const keyBytes = 32

// errForeignKey is given for a key that others could know.
var errForeignKey = errors.New("is not this user's alone")

// EnvironmentKey gives the key of this user's digests in this database,
// .mvrun/key/<uid>, and makes it at its first use. Where two processes do so at
// once, one of them has a key that is forgotten; its digests are compared with
// nothing.
func (s *Store) EnvironmentKey() ([]byte, error) {
	elem := []string{metaFolder, keyFolder, strconv.Itoa(os.Getuid())}
	key, err := s.readKey(elem)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key = make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails
	if err := s.tree.WriteFile(key, 0o600, elem...); err != nil {
		return nil, err
	}
	return s.readKey(elem)
}

// readKey refuses a key that somebody else may have put there, or may read.
func (s *Store) readKey(elem []string) ([]byte, error) {
	fd, err := s.tree.open(unix.O_RDONLY, 0, elem...)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err != nil {
		return nil, pathError("read", s.tree.Path(elem...), err)
	}
	if int(st.Uid) != os.Getuid() || uint32(st.Mode)&0o077 != 0 || st.Size != keyBytes {
		return nil, pathError("read", s.tree.Path(elem...), errForeignKey)
	}
	key := make([]byte, keyBytes)
	if n, err := unix.Read(fd, key); err != nil || n != keyBytes {
		return nil, pathError("read", s.tree.Path(elem...), errors.Join(errForeignKey, err))
	}
	return key, nil
}
