package record

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The name of a day file is the date where its writer was. So that a reader knows
// whether dates elsewhere are other than its own, each writer leaves the time zone that
// it writes in, as an empty file .mvrun/zone/<offsets>: those from UTC in January and
// in July, in order, and once where they are the same, as in +0800 and +0000+0100. Two
// zones that differ in the days only on which they change their clocks have one name.
//
// The files may be removed where records of one zone only are left.
const zoneFolder = "zone"

// offsetForm is the form of an offset in the name of a zone.
const offsetForm = "-0700"

// zoneOffsets are the seconds that the clocks of a place are ahead of UTC in the year
// of a time, in order.
func zoneOffsets(at time.Time) []int {
	var offsets []int
	for _, month := range [...]time.Month{time.January, time.July} {
		_, offset := time.Date(at.Year(), month, 1, 12, 0, 0, 0, at.Location()).Zone()
		offsets = append(offsets, offset/60*60)
	}
	slices.Sort(offsets)
	return slices.Compact(offsets)
}

// zoneName is made by every job; package time would take long for it.
func zoneName(offsets []int) string {
	name := make([]byte, 0, 2*len(offsetForm))
	for _, offset := range offsets {
		sign := byte('+')
		if offset < 0 {
			sign, offset = '-', -offset
		}
		hours, minutes := offset/3600, offset/60%60
		name = append(name, sign, '0'+byte(hours/10%10), '0'+byte(hours%10), '0'+byte(minutes/10), '0'+byte(minutes%10))
	}
	return string(name)
}

// parseZone reads the name of a zone; nil is for what is none.
func parseZone(name string) []int {
	var offsets []int
	for len(name) >= len(offsetForm) {
		at, err := time.Parse(offsetForm, name[:len(offsetForm)])
		if err != nil {
			return nil
		}
		_, offset := at.Zone()
		offsets, name = append(offsets, offset), name[len(offsetForm):]
	}
	if name != "" {
		return nil
	}
	return offsets
}

// noteZone leaves this process's zone, at the first append: that of a job costs one
// system call here where others of the zone were there before. Where it cannot be left,
// the record matters more. The caller holds the Store's lock.
func (s *Store) noteZone() {
	if s.zoned {
		return
	}
	s.zoned = true
	s.leaveZone(zoneName(zoneOffsets(s.options.Now())))
}

func (s *Store) leaveZone(name string) {
	root, err := s.tree.rootFD(true)
	if err != nil {
		return
	}
	var st unix.Stat_t
	elem := []string{metaFolder, zoneFolder, name}
	if unix.Fstatat(root, strings.Join(elem, "/"), &st, unix.AT_SYMLINK_NOFOLLOW) == nil {
		return
	}
	if fd, err := s.tree.open(unix.O_WRONLY|unix.O_CREAT, 0o644, elem...); err == nil {
		unix.Close(fd)
	}
}

// noteZonesOf leaves the offsets of lines that a process of another zone may have
// written, into a spool.
func (s *Store) noteZonesOf(lines []byte) {
	own := zoneOffsets(s.options.Now())
	var left []int
	for line := range bytes.Lines(lines) {
		var keys queryKeys
		scanObject(trimBlankEnds(line), keys.take)
		at, err := time.Parse(time.RFC3339Nano, valueText(keys.ts))
		if err != nil {
			continue
		}
		if _, offset := at.Zone(); !slices.Contains(own, offset) && !slices.Contains(left, offset) {
			left = append(left, offset)
			s.leaveZone(zoneName([]int{offset}))
		}
	}
}
