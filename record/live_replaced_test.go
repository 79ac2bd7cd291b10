package record

import (
	"os"
	"strings"
	"testing"
	"time"
)

// replacing is a day file of lines that is followed while others write it anew.
type replacing struct {
	*followTest
	t     *testing.T
	path  string
	lines []string
	now   *time.Time
}

func startReplacing(t *testing.T, q Query) *replacing {
	store, now := liveStore(t, t.TempDir(), LayoutDirect)
	r := &replacing{t: t, path: store.tree.Path("d", "a", "log", Day(*now)), now: now}
	r.add("before 1", "after 1", "before 2")
	r.write(r.lines...)
	q.Kind = Log
	r.followTest = startFollowing(t, store, q)
	return r
}

// add makes lines, each a second after the one before.
func (r *replacing) add(messages ...string) {
	for _, message := range messages {
		*r.now = r.now.Add(time.Second)
		r.lines = append(r.lines, liveLine(*r.now, message))
	}
}

// write writes the file over, in its place.
func (r *replacing) write(lines ...string) {
	text := strings.Join(lines, "\n")
	if len(lines) > 0 {
		text += "\n"
	}
	writeTestFile(r.t, r.path, text)
}

// away gives the file another name, as `mv F x` does.
func (r *replacing) away() {
	r.t.Helper()
	if err := os.Rename(r.path, r.path+".x"); err != nil {
		r.t.Fatal(err)
	}
}

func without(lines []string, text string) (kept []string) {
	for _, line := range lines {
		if !strings.Contains(line, text) {
			kept = append(kept, line)
		}
	}
	return kept
}

// mv F x; grep -v before x >F, looked at at every step.
func TestFollowerOfAFileThatIsFilteredAnew(t *testing.T) {
	r := startReplacing(t, Query{})
	r.want("before 1", "after 1", "before 2")
	r.away()
	r.next()
	r.write()
	r.next()
	r.write(without(r.lines, "before")...)
	r.next()
	r.want()
	r.add("new")
	r.write(without(r.lines, "before")...)
	r.next()
	r.want("new")
}

// A copy over the file leaves it its inode, and may make it longer than it was.
func TestFollowerOfAFileThatIsWrittenOver(t *testing.T) {
	r := startReplacing(t, Query{})
	r.want("before 1", "after 1", "before 2")
	r.add("a new line that is longer than what was taken out", "another")
	r.write(without(r.lines, "before 1")...)
	r.next()
	r.want("a new line that is longer than what was taken out", "another")
	r.write()
	r.next()
	for i := range r.lines {
		r.write(r.lines[:i+1]...)
		r.next()
	}
	r.want()
	// Behind the last line that was given all are new, whatever their time.
	late := liveLine(r.now.Add(-time.Hour), "late")
	r.away()
	r.write(append(r.lines, late, late)...)
	r.next()
	r.want("late", "late")
	r.lines = nil
	r.add("the only line now")
	r.write(r.lines...)
	r.next()
	r.want("the only line now")
}

// Foreign records have seconds, and some of one second are alike.
func TestFollowerOfAReplacedFileOfForeignRecords(t *testing.T) {
	r := startReplacing(t, Query{Keywords: []string{"full"}})
	r.want()
	foreign := func(message string) string {
		return `{"time": "` + r.now.Format(TimeLayout) + `", "message_level": "Error", "message": "` + message + `"}`
	}
	r.lines = append(r.lines, foreign("disk full"), foreign("disk full"), foreign("inodes full"), foreign("disk full"), foreign("well"))
	r.write(r.lines...)
	r.next()
	r.want("disk full", "disk full", "inodes full", "disk full")
	r.away()
	r.write(append(without(r.lines, "before"), foreign("disk full"), foreign("swap full"))...)
	r.next()
	r.want("disk full", "swap full")
	// Where the last one is gone, only what is newer is new.
	r.away()
	r.write(append(without(r.lines, "full"), foreign("all is full"))...)
	r.next()
	r.want("all is full")
}

// Of a file of which nothing was read, since the listing had enough, what is older than
// that is not new.
func TestFollowerOfAReplacedFileThatWasNotListed(t *testing.T) {
	db := t.TempDir()
	store, now := liveStore(t, db, LayoutDirect)
	old := now.AddDate(0, 0, -3)
	put(t, store, "a", old, "old")
	put(t, store, "a", *now, "one")
	f := startFollowing(t, store, Query{Kind: Log, Limit: 1})
	f.want("one")
	path := store.tree.Path("d", "a", "log", Day(old))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", liveLine(old, "old, and edited") + "\n"} {
		writeTestFile(t, path, text)
		f.next()
	}
	f.want()
}

// What is archived is given once, however late some of it comes.
func TestFollowerWhilePruneTakesFilesAway(t *testing.T) {
	store, now := liveStore(t, t.TempDir(), LayoutDirect)
	old := now.AddDate(0, 0, -4)
	for _, message := range []string{"1", "2", "3"} {
		put(t, store, "a", old, message)
		old = old.Add(time.Second)
	}
	f := startFollowing(t, store, Query{Kind: Log})
	f.want("1", "2", "3")
	for _, message := range []string{"late", "later"} {
		mustPrune(t, store, terms(0, 2))
		f.next()
		f.want()
		put(t, store, "a", old.Add(-time.Hour), message)
		f.next()
		f.want(message)
	}
	mustPrune(t, store, terms(2, 0))
	f.next()
	put(t, store, "a", *now, "today")
	f.next()
	f.want("today")
}

// What is remembered of a file does not grow with it.
func TestFollowerRemembersLittle(t *testing.T) {
	r := startReplacing(t, Query{})
	at := r.now.Format(TimeLayout)
	for i := range 10 * maxAlike {
		r.lines = append(r.lines, `{"time": "`+at+`", "message": "`+strings.Repeat("x", i)+`"}`)
	}
	r.write(r.lines...)
	r.next()
	if len(r.got) != 3+10*maxAlike {
		t.Fatal(len(r.got))
	}
	r.got = nil
	for _, place := range r.follower.places {
		if len(place.given.alike) > maxAlike {
			t.Errorf("%d lines are remembered", len(place.given.alike))
		}
	}
	r.away()
	r.add("new")
	r.write(without(r.lines, "before")...)
	r.next()
	r.want("new")
}
