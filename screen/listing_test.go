package screen

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mvrun/mvrun/viewer"
)

func many(count int) []string {
	var messages []string
	for i := range count {
		messages = append(messages, fmt.Sprintf("m%d", i))
	}
	return messages
}

func (l *listing) selectedMessage() string {
	e, ok := l.current()
	if !ok {
		return ""
	}
	return e.Value(4)
}

// What comes in above moves neither the selection nor what is on the screen.
func TestNewsLeaveTheReaderAlone(t *testing.T) {
	l := listingOf(many(100)...)
	l.move(50, 10)
	top := l.entries[l.shown[l.top]].Value(4)
	l.take(viewer.Batch{Entries: entriesOf("new1", "new2")})
	l.reveal(10)
	if l.selectedMessage() != "m50" || l.entries[l.shown[l.top]].Value(4) != top || l.fresh != 2 {
		t.Errorf("%s is selected, %d are new, the first row is %s", l.selectedMessage(), l.fresh, l.entries[l.shown[l.top]].Value(4))
	}
	l.move(0, 10)
	if l.selectedMessage() != "new1" || l.fresh != 0 {
		t.Errorf("%s is selected, %d are new", l.selectedMessage(), l.fresh)
	}
	// From the top they are seen as they come, and the selected record stays selected.
	l.take(viewer.Batch{Entries: entriesOf("new0")})
	l.reveal(10)
	if l.selectedMessage() != "new1" || l.top != 0 {
		t.Errorf("%s is selected, row %d is the first", l.selectedMessage(), l.top)
	}
}

func TestNewsAreSortedIn(t *testing.T) {
	l := listingOf("b", "d", "f")
	l.ordered = order{column: 4}
	l.reorder(nil)
	l.move(1, 10)
	l.take(viewer.Batch{Entries: entriesOf("c", "e")})
	if l.messages() != "b c d e f" || l.selectedMessage() != "d" {
		t.Errorf("%s, and %s is selected", l.messages(), l.selectedMessage())
	}
}

// A listing is not empty while a longer one takes its place.
func TestOlderRecordsTakeThePlaceAtOnce(t *testing.T) {
	l := listingOf(many(10)...)
	l.move(9, 5)
	l.begin(2, true)
	l.take(viewer.Batch{Entries: entriesOf(many(8)...)})
	if len(l.shown) != 10 {
		t.Errorf("there are %d rows while more are read", len(l.shown))
	}
	l.take(viewer.Batch{Entries: entriesOf(many(30)...)[8:], Listed: true, More: true})
	if len(l.shown) != 30 || l.selectedMessage() != "m9" || !l.more {
		t.Errorf("there are %d rows, and %s is selected", len(l.shown), l.selectedMessage())
	}
	l.begin(3, false)
	if len(l.shown) != 0 {
		t.Error("another filter leaves the old rows")
	}
}

func TestWhatIsHeldIsBounded(t *testing.T) {
	l := listingOf()
	big := strings.Repeat("x", 60<<10)
	for range 3 {
		l.take(viewer.Batch{Entries: entriesOf(many(maxHeld / 2)...)})
	}
	if len(l.entries) > maxHeld*5/4 || !l.more {
		t.Errorf("%d are held", len(l.entries))
	}
	for range 100 {
		l.take(viewer.Batch{Entries: entriesOf(big, big, big, big, big)})
	}
	if l.bytes > maxHeldBytes || len(l.entries) > maxHeldBytes/len(big) {
		t.Errorf("%d records of %d bytes are held", len(l.entries), l.bytes)
	}
	l.begin(2, false)
	l.take(viewer.Batch{Entries: entriesOf(strings.Split(strings.Repeat(big+" ", 1000), " ")...), Listed: true})
	if l.bytes > maxHeldBytes+len(big)*2 || !l.more {
		t.Errorf("%d records of %d bytes are held", len(l.entries), l.bytes)
	}
}

func TestScrolling(t *testing.T) {
	l := listingOf(many(100)...)
	for _, c := range []struct {
		do            func()
		selected, top int
	}{
		{func() { l.move(9, 10) }, 9, 0},
		{func() { l.move(10, 10) }, 10, 1},
		{func() { l.move(500, 10) }, 99, 90},
		{func() { l.move(-1, 10) }, 0, 0},
		{func() { l.scroll(3, 10) }, 3, 3},
		{func() { l.scroll(1000, 10) }, 90, 90},
		{func() { l.scroll(-1000, 10) }, 9, 0},
		{func() { l.move(50, 10); l.reveal(3) }, 50, 48},
		{func() { l.reveal(80) }, 50, 20},
		{func() { l.reveal(0) }, 50, 50},
	} {
		if c.do(); l.selected != c.selected || l.top != c.top {
			t.Errorf("row %d is selected and %d the first, want %d and %d", l.selected, l.top, c.selected, c.top)
		}
	}
	empty := listingOf()
	empty.move(5, 10)
	empty.scroll(3, 10)
	if empty.selected != 0 || empty.top != 0 {
		t.Errorf("in an empty listing, row %d is selected and %d the first", empty.selected, empty.top)
	}
}

func TestOrder(t *testing.T) {
	l := listingOf("10", "9", "b", "A", "", "1e3")
	for _, c := range []struct {
		order order
		want  string
	}{
		{order{4, false}, "9 10 1e3 A b "},
		{order{4, true}, "b A 1e3 10 9 "},
		{order{2, false}, "1e3  A b 9 10"},
		{order{-1, false}, "10 9 b A  1e3"},
	} {
		l.ordered = c.order
		l.reorder(nil)
		if l.messages() != c.want {
			t.Errorf("%v gives %q, want %q", c.order, l.messages(), c.want)
		}
	}
	var o order = order{column: -1}
	for _, want := range []order{{2, false}, {2, true}, {-1, false}, {2, false}} {
		if o = o.next(2); o != want {
			t.Errorf("the next order is %v, want %v", o, want)
		}
	}
}
