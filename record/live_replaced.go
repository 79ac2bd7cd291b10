package record

import (
	"hash/maphash"
	"time"
)

// A day file may be put in the place of another while it is followed: by an editor, by
// grep and mv, by a copy over it. What was given of the other one is known again by its
// time, and where that is the newest, by its text.

// givenLines is what is remembered of the lines of a file that were given: little,
// whatever their number.
type givenLines struct {
	newest time.Time
	alike  lineCounts // those of that time
	many   bool       // there are more of them than are remembered
	last   uint64     // hash of the last one in the file
}

// maxAlike bounds how many different lines of one time are remembered. A foreign
// record has a time in seconds.
const maxAlike = 64

func (g *givenLines) add(hash uint64, at time.Time) {
	g.last = hash
	switch {
	case g.alike == nil || at.After(g.newest):
		*g = givenLines{newest: at, alike: lineCounts{hash: 1}, last: hash}
	case !at.Equal(g.newest):
	case g.alike[hash] > 0 || len(g.alike) < maxAlike:
		g.alike[hash]++
	default:
		g.many = true
	}
}

// replaced is a file of which a part may be what another one had that was given.
type replaced struct {
	newest time.Time
	alike  lineCounts // still to be met
	left   int        // of them
	many   bool
	last   uint64
	past   bool // all that was given stands before
}

// replacedFile goes on behind what was given of the file before. Where nothing was, what
// is older than the last look at it is not new.
func replacedFile(before *place) *replaced {
	g := &before.given
	if g.alike == nil { // some write no more of a time than seconds
		return &replaced{newest: before.looked.Truncate(time.Second).Add(-1)}
	}
	r := &replaced{newest: g.newest, alike: lineCounts{}, many: g.many, last: g.last}
	for hash, count := range g.alike {
		r.alike[hash] = count
		r.left += count
	}
	return r
}

// isOld reports whether a line was given already. Behind the last line that was, all are
// new, whatever their time.
func (r *replaced) isOld(hash uint64, at time.Time) bool {
	if r.past {
		return false
	}
	old := !at.After(r.newest)
	if old && at.Equal(r.newest) {
		if r.alike.takeHash(hash) {
			r.left--
		} else {
			old = r.many
		}
	}
	r.past = hash == r.last && r.left == 0 && r.last != 0
	return old
}

// marked is how many bytes before the end of what was read tell that they are still the
// same: a file that is written anew may be longer than before.
const marked = 512

// markOf is a hash of the bytes before a place of a file, or 0.
func markOf(fd int, whole int64) uint64 {
	var buf [marked]byte
	tail := buf[:min(whole, marked)]
	if n, err := preadFull(fd, tail, whole-int64(len(tail))); err != nil || n < len(tail) || n == 0 {
		return 0
	}
	return maphash.Bytes(lineSeed(), tail)
}

// isSame reports whether a file that is open has still what was read of it.
func (p *place) isSame(fd int, id fileIdentity) bool {
	return p.inode == id.inode && p.device == id.device && p.whole <= id.size &&
		(p.whole == id.size || p.whole == 0 || p.mark == 0 || p.mark == markOf(fd, p.whole))
}
