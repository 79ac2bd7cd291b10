package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Counts of closed days are kept as .mvrun/rollup/<YYYYMM>.<uid>, one line for each
// item, kind and day, with tabs between:
//
//	direction  item  kind  day  state  "value"=count …
//
// The state is a sum over size and time of each file of the day: of the main
// database, its archive, and those of all hosts, of which there may be thousands. A
// line counts only while that is so. The files
// can be removed at any time. Each user has files of his own and takes, beside
// them, those of root and of the owner of the database: what others count is not
// believed.
const rollupFolder = "rollup"

// rollups are the kept counts of some months.
type rollups struct {
	mu      sync.Mutex
	entries map[dayFile]rollupEntry
	changed map[string]bool // months
}

type rollupEntry struct {
	state  string
	counts map[string]int
}

func (r *rollups) get(file dayFile, state string) (map[string]int, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entry, ok := r.entries[file]
	return entry.counts, ok && entry.state == state
}

func (r *rollups) put(file dayFile, state string, counts map[string]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries[file] = rollupEntry{state, counts}
	r.changed[file.day[:6]] = true
}

// readRollups reads what is kept of the months of some days.
func (s *Store) readRollups(days []string) *rollups {
	r := &rollups{entries: map[dayFile]rollupEntry{}, changed: map[string]bool{}}
	users := []int{0, os.Geteuid()}
	if root, err := s.tree.rootFD(false); err == nil {
		users = append(users, identityOf(root).owner)
	}
	slices.Sort(users)
	month := ""
	for _, day := range days {
		if day[:6] == month {
			continue
		}
		month = day[:6]
		for _, user := range slices.Compact(slices.Clone(users)) {
			s.readRollup(r, month, user)
		}
	}
	return r
}

func (s *Store) readRollup(r *rollups, month string, user int) {
	elem := rollupElem(month, user)
	fd, err := s.tree.open(unix.O_RDONLY, 0, elem...)
	if err != nil {
		return
	}
	file := os.NewFile(uintptr(fd), s.tree.Path(elem...))
	defer file.Close()
	if identityOf(fd).owner != user {
		return
	}
	lines := newLineReader(io.LimitReader(file, maxRollup))
	for line, err := lines.next(); err == nil; line, err = lines.next() {
		if name, entry, ok := parseRollup(string(line)); ok && name.day[:6] == month {
			r.entries[name] = entry
		}
	}
}

func rollupElem(month string, user int) []string {
	return []string{metaFolder, rollupFolder, fmt.Sprintf("%s.%d", month, user)}
}

func parseRollup(line string) (file dayFile, entry rollupEntry, ok bool) {
	cells := strings.Split(line, "\t")
	if len(cells) < 5 || !isDate(cells[3]) {
		return file, entry, false
	}
	file = dayFile{Item{cells[0], cells[1]}, Kind(cells[2]), cells[3]}
	entry = rollupEntry{cells[4], map[string]int{}}
	for _, cell := range cells[5:] {
		at := strings.LastIndexByte(cell, '=')
		if at < 0 {
			return file, entry, false
		}
		value, err := strconv.Unquote(cell[:at])
		count, bad := strconv.Atoi(cell[at+1:])
		if err != nil || bad != nil || count < 1 {
			return file, entry, false
		}
		entry.counts[value] = count
	}
	return file, entry, true
}

// maxRollup bounds a file, in bytes: all of it is read for any of its items.
const maxRollup = 128 << 20

// writeRollups keeps what was counted anew. Where that cannot be, it is counted
// again the next time.
func (s *Store) writeRollups(r *rollups) {
	for month := range r.changed {
		files := slices.DeleteFunc(slices.Collect(maps.Keys(r.entries)), func(file dayFile) bool { return file.day[:6] != month })
		slices.SortFunc(files, func(a, b dayFile) int {
			if c := compareItems(a.item, b.item); c != 0 {
				return c
			}
			return strings.Compare(string(a.kind)+a.day, string(b.kind)+b.day)
		})
		var text bytes.Buffer
		for _, file := range files {
			appendRollup(&text, file, r.entries[file])
		}
		if text.Len() > maxRollup {
			continue
		}
		_ = s.tree.WriteFile(text.Bytes(), 0o644, rollupElem(month, os.Geteuid())...)
	}
}

func appendRollup(text *bytes.Buffer, file dayFile, entry rollupEntry) {
	if strings.ContainsAny(file.item.Direction+file.item.Name, "\t\n") {
		return
	}
	fmt.Fprintf(text, "%s\t%s\t%s\t%s\t%s", file.item.Direction, file.item.Name, file.kind, file.day, entry.state)
	for _, value := range slices.Sorted(maps.Keys(entry.counts)) {
		fmt.Fprintf(text, "\t%q=%d", value, entry.counts[value])
	}
	text.WriteByte('\n')
}

// states tells of an item's day files, of one kind, what they are now.
type states struct {
	folders []int // descriptors; of the main database, of the archive, of hosts
}

func (m *summing) newStates(src *source, kind Kind, stats *Stats) *states {
	tree := m.store.tree
	places := [][]string{{src.item.Direction, src.item.Name, string(kind)}, archiveKindElem(src.item, kind)}
	for _, host := range src.hosts {
		places = append(places, append(host.prefix[:len(host.prefix):len(host.prefix)], src.item.Direction, src.item.Name, string(kind)))
	}
	st := &states{}
	for _, place := range places {
		fd, err := tree.folder(false, place...)
		if err != nil {
			fd = -1
			if !errors.Is(err, fs.ErrNotExist) {
				stats.problem(err)
			}
		}
		st.folders = append(st.folders, fd)
	}
	return st
}

func (st *states) close() {
	for _, fd := range st.folders {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// of gives the state of a day, and whether there is any file of it.
func (st *states) of(day string) (state string, found bool) {
	var text []byte
	for i, fd := range st.folders {
		name := day
		if i == 1 {
			name += archiveEnding
		}
		var info unix.Stat_t
		if fd < 0 || unix.Fstatat(fd, name, &info, unix.AT_SYMLINK_NOFOLLOW) != nil {
			text = append(text, "-,"...)
			continue
		}
		found = true
		text = fmt.Appendf(text, "%d@%d.%09d,", info.Size, info.Mtim.Sec, info.Mtim.Nsec)
	}
	if !found {
		return "", false
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), true
}

// nextDay gives the day after one.
func nextDay(day string) string {
	at, _ := time.Parse(DayLayout, day) // callers have looked
	return Day(at.AddDate(0, 0, 1))
}
