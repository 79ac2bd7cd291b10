package record

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"

	"github.com/mvrun/mvrun/zstd"
	"golang.org/x/sys/unix"
)

// packed is an archive that is complete under a temporary name, together with
// the files that it was made of.
type packed struct {
	file           dayFile
	temporary      string // "" where the archive that is there has every line
	plain, archive fileIdentity
	size           int64 // of the archive
}

// pack makes the new archive of a day: what its archive has, and of the day file
// the lines that are not there. It is read back before pack returns, so that
// what replaces an archive, and for which a day file is removed, can be unpacked.
func (s *Store) pack(ctx context.Context, file dayFile) (*packed, error) {
	plain, old, err := s.openMain(file, s.mayBeArchived(file.day))
	if err != nil {
		return nil, err
	}
	if old != nil {
		defer old.Close()
	}
	if plain == nil {
		return nil, fs.ErrNotExist
	}
	defer plain.Close()
	p := &packed{file: file, plain: identityOf(int(plain.Fd())), archive: old.identity()}
	news := []span{{0, p.plain.size}}
	if old != nil {
		// Another user could take the lines away again.
		if owner := p.archive.owner; owner != 0 && owner != unix.Geteuid() && owner != p.plain.owner {
			return nil, errNotMine
		}
		if news, err = newLines(ctx, old, io.NewSectionReader(plain, 0, p.plain.size)); err != nil {
			return nil, err
		}
		if len(news) == 0 {
			return p, nil
		}
	}
	return p, s.packTo(ctx, p, plain, news)
}

func (s *Store) packTo(ctx context.Context, p *packed, plain *os.File, news []span) error {
	elem := p.file.archiveElem()
	dir, name, err := s.tree.parent(true, elem)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	temporary := temporaryName(name)
	fd, err := openRegular(dir, temporary, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o644)
	if err != nil {
		return pathError("create", s.tree.Path(elem...), err)
	}
	if s.tree.Shared() {
		_ = unix.Fchmod(fd, 0o644)
	}
	target := os.NewFile(uintptr(fd), s.tree.Path(elem...))
	sum, err := s.compress(ctx, target, p, plain, news)
	if err == nil {
		err = target.Sync()
	}
	if closeErr := target.Close(); err == nil {
		err = closeErr // NFS reports a full disk here
	}
	if err == nil {
		p.size, err = s.verify(dir, temporary, sum)
	}
	if err != nil {
		_ = unix.Unlinkat(dir, temporary, 0)
		return pathError("write", s.tree.Path(elem...), err)
	}
	p.temporary = temporary
	return nil
}

// compress writes the archive and gives the checksum of what it holds.
func (s *Store) compress(ctx context.Context, target io.Writer, p *packed, plain *os.File, news []span) ([]byte, error) {
	encoder := zstd.NewWriter(target, archiveWindow)
	sum := sha256.New()
	both := &lineEnder{writer: io.MultiWriter(encoder, sum)}
	if p.archive != (fileIdentity{}) {
		old, err := s.openArchive(p.file)
		if err != nil {
			return nil, err
		}
		if old == nil || old.identity() != p.archive {
			err = errReplaced
		} else {
			_, err = io.Copy(both, withContext(ctx, old))
		}
		if old != nil {
			_ = old.Close()
		}
		if err != nil {
			return nil, err
		}
	}
	for _, span := range news {
		if err := both.endLine(); err != nil {
			return nil, err
		}
		if _, err := io.Copy(both, withContext(ctx, io.NewSectionReader(plain, span.from, span.to-span.from))); err != nil {
			return nil, err
		}
	}
	err := errors.Join(both.endLine(), encoder.Close())
	return sum.Sum(nil), err
}

// verify unpacks what was written, and gives its size.
func (s *Store) verify(dir int, name string, want []byte) (int64, error) {
	fd, err := openRegular(dir, name, unix.O_RDONLY, 0)
	if err != nil {
		return 0, err
	}
	reader := newArchiveReader(os.NewFile(uintptr(fd), name))
	defer reader.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, reader); err != nil {
		return 0, err
	}
	if string(sum.Sum(nil)) != string(want) {
		return 0, errors.New("the disk gives back something else than was written")
	}
	return reader.identity().size, nil
}

// lineEnder ends what was written, on demand, with a line end.
type lineEnder struct {
	writer io.Writer
	within bool // the last byte was no line end
}

func (l *lineEnder) Write(p []byte) (int, error) {
	if len(p) > 0 {
		l.within = p[len(p)-1] != '\n'
	}
	return l.writer.Write(p)
}

func (l *lineEnder) endLine() error {
	if !l.within {
		return nil
	}
	_, err := l.Write([]byte{'\n'})
	return err
}

func withContext(ctx context.Context, r io.Reader) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return r.Read(p)
	})
}

// span is a part of a file.
type span struct{ from, to int64 }

// newLines finds the lines of a day file that its archive does not have, or not
// as often. Lines may have any length and any content.
func newLines(ctx context.Context, archive, plain io.Reader) ([]span, error) {
	seed := maphash.MakeSeed()
	archived := lineCounts{}
	if err := eachSpan(withContext(ctx, archive), seed, func(hash uint64, _ span) { archived[hash]++ }); err != nil {
		return nil, err
	}
	var news []span
	err := eachSpan(withContext(ctx, plain), seed, func(hash uint64, line span) {
		switch last := len(news) - 1; {
		case archived.takeHash(hash):
		case last >= 0 && news[last].to == line.from:
			news[last].to = line.to
		default:
			news = append(news, line)
		}
	})
	return news, err
}

// eachSpan gives the hash of each line, without its end, and where it stands.
func eachSpan(r io.Reader, seed maphash.Seed, use func(hash uint64, line span)) error {
	var hash maphash.Hash
	hash.SetSeed(seed)
	reader := bufio.NewReaderSize(r, 64<<10)
	at, start := int64(0), int64(0)
	for {
		part, err := reader.ReadSlice('\n')
		at += int64(len(part))
		if err == bufio.ErrBufferFull {
			_, _ = hash.Write(part)
			continue
		}
		if err != nil && err != io.EOF {
			return err
		}
		if err == nil {
			part = part[:len(part)-1]
		}
		if _, _ = hash.Write(part); at > start {
			use(hash.Sum64(), span{start, at})
		}
		if err == io.EOF {
			return nil
		}
		hash.Reset()
		start = at
	}
}

// discard removes a temporary file.
func (s *Store) discard(p *packed) {
	if p.temporary != "" {
		_ = s.tree.Remove(append(archiveKindElem(p.file.item, p.file.kind), p.temporary)...)
	}
}

// commit gives an archive its name and removes the day file, unless one of them
// has changed since they were read. The caller holds the item's side lock.
func (s *Store) commit(p *packed) error {
	return s.withDayFile(p.file, func(dir int, now fileIdentity) error {
		archive, err := s.openArchive(p.file)
		if err != nil {
			return err
		}
		was := archive.identity()
		if archive != nil {
			_ = archive.Close()
		}
		if now != p.plain || was != p.archive {
			return errReplaced
		}
		if p.temporary != "" {
			if err := s.giveName(p); err != nil {
				return err
			}
		}
		return unix.Unlinkat(dir, p.file.day, 0)
	})
}

func (s *Store) giveName(p *packed) error {
	folder, err := s.tree.folder(false, archiveKindElem(p.file.item, p.file.kind)...)
	if err != nil {
		return err
	}
	defer unix.Close(folder)
	if err := unix.Renameat(folder, p.temporary, folder, p.file.day+archiveEnding); err != nil {
		return err
	}
	p.temporary = ""
	_ = unix.Fsync(folder) // some file systems know no such thing
	return nil
}

// withDayFile opens the day file of the main database for its removal. In the
// direct layout, where writers lock the file itself, it is locked.
func (s *Store) withDayFile(file dayFile, do func(dir int, now fileIdentity) error) error {
	layout, err := s.Layout()
	if err != nil {
		return err
	}
	elem := file.elem(nil)
	dir, name, err := s.tree.parent(false, elem)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	fd, err := openRegular(dir, name, unix.O_RDWR, 0)
	if err == nil {
		defer unix.Close(fd)
		if layout == LayoutDirect {
			err = waitLock(fd, lockWait)
		}
	}
	if err == nil {
		a := &dayAppender{fd: fd, dir: dir, name: name}
		if !a.current() {
			err = errReplaced
		} else {
			err = do(dir, identityOf(fd))
		}
	}
	if err != nil {
		return pathError("remove", s.tree.Path(elem...), err)
	}
	return nil
}

// temporaryName is what Tidy takes for a file that a killed writer has left.
func temporaryName(name string) string {
	return fmt.Sprintf(".%s.%d.%s", shorten(name), os.Getpid(), randomHex(8))
}
