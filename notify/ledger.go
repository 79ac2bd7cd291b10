package notify

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/record"
)

// hostsFolder holds the databases of single hosts; see record.Store.
const hostsFolder = "hosts"

// ledger reads from the alarm records what was sent. Nothing is cached: another
// host's records are seen once their file is opened anew.
type ledger struct{ store *record.Store }

// sent is what was sent of one alarm on one day: the ids of mvrun's records and
// the number of those without an id, which are monitorViewer's. A record that is
// being carried over from a host's database stands in two files, with one id.
type sent struct {
	ids       map[string]bool
	anonymous int
}

func (s sent) count() int { return len(s.ids) + s.anonymous }

// passedLine is what matters here of an alarm record.
type passedLine struct {
	MD5    string `json:"md5"`
	Result string `json:"send_alarm_result"`
	Alarm  string `json:"alarm"`
}

// passed finds what was sent of an alarm on a day.
func (l ledger) passed(item record.Item, day, md5 string) (sent, error) {
	found := sent{ids: map[string]bool{}}
	err := l.eachWith(item, day, md5, func(line passedLine) {
		switch {
		case line.MD5 != md5:
		case line.Alarm == "":
			found.anonymous++
		default:
			found.ids[line.Alarm] = true
		}
	})
	return found, err
}

// maxDaysBack bounds the search for the record of an alarm that waited long.
const maxDaysBack = 8

// hasPassed reports whether the record says that this very alarm was sent.
func (l ledger) hasPassed(a *Alarm, now time.Time) (bool, error) {
	found := false
	day := a.Time.In(now.Location())
	for range maxDaysBack {
		err := l.eachWith(a.Of(), record.Day(day), a.ID, func(line passedLine) { found = found || line.Alarm == a.ID })
		if found || err != nil || record.Day(day) >= record.Day(now) {
			return found, err
		}
		day = day.AddDate(0, 0, 1)
	}
	return false, nil
}

// eachWith gives the records of alarms that were sent whose lines contain a
// text, from the main database and from those of all hosts.
func (l ledger) eachWith(item record.Item, day, text string, use func(passedLine)) error {
	if err := item.Validate(); err != nil {
		return err
	}
	folders := [][]string{nil}
	hosts, err := l.store.Meta().List(record.MetaFolder, hostsFolder)
	if err != nil {
		return err
	}
	for _, host := range hosts {
		if host.IsDir() {
			folders = append(folders, []string{record.MetaFolder, hostsFolder, host.Name()})
		}
	}
	for _, folder := range folders {
		elem := append(folder, item.Direction, item.Name, string(record.Alarm), day)
		if err := eachLineOf(l.store.Path(), elem, []byte(text), use); err != nil {
			return err
		}
	}
	return nil
}

// eachLineOf scans one file; one that is not there has no lines.
func eachLineOf(root string, elem []string, text []byte, use func(passedLine)) error {
	file, err := openBelow(root, elem)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	reader := bufio.NewReaderSize(file, 64<<10)
	var line []byte
	for {
		line, err = readLine(reader, line[:0])
		var record passedLine
		if bytes.Contains(line, text) && bytes.Contains(line, []byte(passedResult)) &&
			json.Unmarshal(line, &record) == nil && record.Result == passedResult {
			use(record)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// maxLine bounds what is kept of a line that never ends; records are shorter.
const maxLine = 1 << 20

// readLine reads a line of any length, the start of which it keeps.
func readLine(reader *bufio.Reader, line []byte) ([]byte, error) {
	for {
		part, err := reader.ReadSlice('\n')
		if len(line) < maxLine {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// openBelow opens a file for reading and follows no symbolic link below root, as
// everywhere in the database.
func openBelow(root string, elem []string) (*os.File, error) {
	flags := unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK
	at, err := openAt(unix.AT_FDCWD, root, flags|unix.O_DIRECTORY)
	for i, name := range elem {
		if err != nil {
			break
		}
		step := flags | unix.O_NOFOLLOW
		if i < len(elem)-1 {
			step |= unix.O_DIRECTORY
		}
		folder := at
		at, err = openAt(folder, name, step)
		unix.Close(folder)
	}
	path := record.NewTree(root).Path(elem...)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(at), path), nil
}

func openAt(folder int, name string, flags int) (int, error) {
	for {
		fd, err := unix.Openat(folder, name, flags, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}
