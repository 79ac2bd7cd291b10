package screen

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/viewer"
)

// Each tab, and what is opened over it, looks like this in 80 × 24.
func TestPictures(t *testing.T) {
	for _, c := range []struct{ name, keys string }{
		{"monitor", ""},
		{"monitor_details", "j enter"},
		{"monitor_shifted", "right right"},
		{"heartbeat", "2"},
		{"log", "3 j j"},
		{"log_sorted", "3 s s s"},
		{"alarm_details", "4 j j enter"},
		{"alarm_read", "4 j j enter enter"},
		{"run", "5"},
		{"form", "f down down l tab tab"},
		{"form_problem", "f down 9 enter"},
		{"help", "?"},
		{"export", "3 e"},
		{"search", "3 / n o d e"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := openDesk(t, Options{Filter: fixtureDays})
			d.press(c.keys)
			d.golden(c.name)
		})
	}
}

func TestPicturesOfOtherSizes(t *testing.T) {
	for _, c := range []struct {
		width, height int
		keys          string
	}{{40, 10, "3 enter"}, {120, 40, "enter"}, {200, 50, "4 enter"}} {
		d := openDesk(t, Options{Filter: fixtureDays})
		d.model.update(resize{c.width, c.height})
		d.press(c.keys)
		d.golden(fmt.Sprintf("size_%dx%d", c.width, c.height))
	}
}

func TestPictureInChinese(t *testing.T) {
	d := openDesk(t, Options{Filter: fixtureDays, Language: heartbeat.Chinese})
	d.press("enter")
	d.golden("chinese")
}

// The table of texts must not fall behind the screen.
func TestAllHintsAreTranslated(t *testing.T) {
	d := openDesk(t, Options{Language: heartbeat.Chinese})
	for _, line := range helpLines {
		if d.model.word(line[1]) == line[1] {
			t.Errorf("%q has no translation", line[1])
		}
	}
	for field, name := range fieldNames {
		for _, text := range []string{name, (&model{}).fieldHint(field)} {
			if d.model.word(text) == text {
				t.Errorf("%q has no translation", text)
			}
		}
	}
}

// Nothing is too small for a picture, in whatever mode.
func TestNoSizeIsTooSmall(t *testing.T) {
	for _, keys := range []string{"", "3 enter", "3 enter enter", "f", "f 9 9 enter", "?", "3 e", "3 e enter", "3 / x", "4 right right right", "5"} {
		d := openDesk(t, Options{Filter: fixtureDays})
		d.model.confirmForTest(keys == "3 e enter")
		d.press(strings.TrimSuffix(keys, " enter"))
		for width := range 30 {
			for height := range 14 {
				d.model.update(resize{width, height})
				d.model.update(click{width / 2, height / 2, leftButton})
				d.model.update(click{width / 2, height - 1, wheelDown})
				picture, cursor := d.model.draw()
				if len(picture.cells) != width*height {
					t.Fatalf("%d × %d: %d cells", width, height, len(picture.cells))
				}
				if cursor != nil && width > 0 && height > 0 && (cursor.x < 0 || cursor.x >= width || cursor.y < 0 || cursor.y >= height) {
					t.Fatalf("%d × %d: the cursor is at %v", width, height, *cursor)
				}
			}
		}
	}
}

func (m *model) confirmForTest(on bool) {
	if on {
		m.mode = confirming
	}
}

// The status line has the numbers that monitorViewer has counted.
func TestCountsOfTheFixture(t *testing.T) {
	var expected map[string]any
	data, err := os.ReadFile(filepath.Join("..", "tests", "testdata", "monitorviewer", "expected.json"))
	if err == nil {
		err = json.Unmarshal(data, &expected)
	}
	if err != nil {
		t.Fatal(err)
	}
	d := openDesk(t, Options{Filter: fixtureDays})
	for _, c := range []struct{ keys, counted, noun string }{
		{"1", "monitor_items", "items"}, {"2", "heartbeats", "records"}, {"3", "logs", "records"}, {"4", "alarms", "records"},
	} {
		d.press(c.keys)
		d.shows(fmt.Sprintf(" 1/%v %s", expected[c.counted], c.noun))
	}
	d.press("3 f down down down down E r r tab enter")
	d.shows(fmt.Sprintf(" 1/%v records", expected["error_logs"]))
}

func TestFilterGoesWithTheTabs(t *testing.T) {
	d := openDesk(t, Options{Filter: fixtureDays})
	d.press("f down down down")
	d.typeIn("check_l")
	d.press("tab down")
	d.typeIn("error fatal")
	d.press("enter 3")
	d.shows("item check_lsf_node_status  level er")
	d.hides("user_quota")
	d.press("2") // heartbeats have no level, and are filtered by the item
	d.shows("1/15 records")
	d.press("F")
	d.shows("the last 7 days")
}

func TestFilterIsRefusedWhereItIs(t *testing.T) {
	d := openDesk(t, Options{Filter: fixtureDays})
	d.press("f down down down down")
	d.typeIn("Eror")
	d.press("enter")
	d.shows(`level "Eror": is not a message level`)
	d.shows("one of Debug, Info, Warning, Error, Fatal")
	d.press("esc")
	d.shows("1/5 items")
}

func TestSearchGoesOnInOlderRecords(t *testing.T) {
	folder := t.TempDir()
	writeDay(t, folder, "LSF", "nodes", "log", "20241031", 1200, func(i int) string {
		if i == 7 {
			return "the needle"
		}
		return fmt.Sprintf("message %d", i)
	})
	d := openDeskAt(t, folder, Options{})
	d.press("3")
	d.shows("1/500 newest records · more below")
	d.press("/ n e e d l e enter")
	d.shows("1,193/1,200 records")
	d.press("n")
	d.shows(`"needle" is not in the rows below`)
	d.press("N")
	d.shows(`"needle" is not in the rows above`)
}

func TestScrollingReadsOlderRecords(t *testing.T) {
	folder := t.TempDir()
	writeDay(t, folder, "LSF", "nodes", "log", "20241031", 25000, func(i int) string { return fmt.Sprintf("message %d", i) })
	d := openDeskAt(t, folder, Options{})
	d.press("3")
	d.shows("message 24999")
	d.press("G")
	d.shows("500/4,000 newest records · more below")
	d.press("G")
	d.shows("4,000/20,000 newest records · older ones: f, end")
	d.press("G")
	d.shows("20,000/20,000 newest")
	d.shows("message 5000")
	d.press("r")
	d.shows("by Time ▲, of these only")
	d.shows("message 5000")
}

func TestSortingReadsWhatIsHeld(t *testing.T) {
	folder := t.TempDir()
	writeDay(t, folder, "LSF", "nodes", "log", "20241031", 1200, func(i int) string { return fmt.Sprintf("message %04d", i) })
	d := openDeskAt(t, folder, Options{})
	d.press("3 S")
	d.shows("1/1,200 records · by Message ▲")
	d.shows("message 0000")
	d.press("r")
	d.shows("message 1199")
	d.press("s") // back to the order in which records come
	d.hides("by Message")
}

func TestMouse(t *testing.T) {
	d := openDesk(t, Options{Filter: fixtureDays})
	at := func(x, y, button int) {
		d.model.update(click{x, y, button})
		d.settle()
	}
	at(25, 0, leftButton) // LOG
	d.shows("1/157 records")
	at(10, 5, leftButton)
	d.shows("3/157 records")
	at(10, 5, leftButton)
	d.shows("─ Details")
	for range 3 {
		at(10, 5, wheelDown)
	}
	d.shows("10/157 records")
	at(10, 20, leftButton)
	if d.model.mode != reading {
		t.Error("a click on the details does not open them")
	}
	d.press("esc esc")
	at(30, 2, leftButton) // the title Time
	d.shows("by Time ▲")
	at(30, 2, leftButton)
	d.shows("by Time ▼")
	at(30, 1, leftButton)
	if d.model.mode != filtering {
		t.Error("a click on the filter does not open it")
	}
	at(5, 5, leftButton)
	if d.model.form.field != fieldItem {
		t.Error("a click on a field does not go there")
	}
}

// What a message would have a terminal do is seen as a text.
func TestControlCharactersAreShown(t *testing.T) {
	folder := t.TempDir()
	writeDay(t, folder, "LSF", "nodes", "log", "20241031", 1, func(int) string { return "\x1b[31mred\x07\u202e\u009b2J\r\n\ttab" })
	d := openDeskAt(t, folder, Options{})
	d.model.update(resize{120, 24})
	d.press("3 enter")
	d.shows(`\x1b[31mred\x07\u202e\u009b2J\n    tab`)
	d.shows("message        \\x1b[31mred")
	picture, _ := d.model.draw()
	for _, b := range string((&painter{colors: true}).paint(picture, nil)) {
		if b < 0x20 && b != 0x1b || b == 0x9b || b == 0x202e {
			t.Fatalf("%U is sent to the terminal", b)
		}
	}
}

func TestAnswersThatNobodyWaitsForAreDropped(t *testing.T) {
	d := openDesk(t, Options{Filter: fixtureDays})
	d.press("3")
	l := d.model.list()
	d.model.update(answer{2, l.generation - 1, viewer.Batch{Replace: true, Listed: true}})
	d.model.update(failed{2, l.generation - 1, os.ErrPermission})
	d.shows("1/157 records")
	d.model.update(failed{2, l.generation, fmt.Errorf("open \x1b[31m: %w", os.ErrPermission)})
	d.shows("not read")
	d.shows(`open \x1b[31m: permission denied`)
}

func TestPasteIsNoKeys(t *testing.T) {
	d := openDesk(t, Options{Filter: fixtureDays})
	d.model.update(paste("q\x03"))
	d.settle()
	if len(d.done) > 0 {
		t.Errorf("a paste did %v", d.done)
	}
	d.press("/")
	d.model.update(paste("no\nde\x1b"))
	d.shows("Search: no de")
	d.press("esc q")
	if len(d.done) != 1 || d.done[0] != (quit{}) {
		t.Errorf("q did %v", d.done)
	}
}

func TestDetailsScroll(t *testing.T) {
	folder := t.TempDir()
	writeDay(t, folder, "LSF", "nodes", "log", "20241031", 2, func(int) string {
		var lines []string
		for i := range 60 {
			lines = append(lines, fmt.Sprintf("line %d", i))
		}
		return strings.Join(lines, "\n")
	})
	d := openDeskAt(t, folder, Options{})
	d.press("3 enter")
	d.shows("Details 1-9/64")
	d.press("enter pgdown")
	d.shows("line 18")
	d.press("G")
	d.shows("line 59")
	d.press("up")
	d.shows("line 58")
	d.press("right")
	d.shows("2/2 records")
	d.shows("line 0")
	d.press("esc esc esc")
	d.hides("Details")
}

// What is told of a listing that is not whole begins with how much it is.
func TestStatusOfNotes(t *testing.T) {
	long := "Not read: open /ic/software/tools/mvrun/db/LSF/check_lsf_node_status/log/20241025: permission denied"
	for _, c := range []struct {
		notes []string
		want  []string
	}{
		{[]string{long, "Skipped 7 unreadable lines"}, []string{"Skipped 7 unreadable lines", "Not read: open"}},
		{[]string{"Skipped 7 unreadable lines", long, "Not read: 3 more files or folders", "Skipped 9 unreadable lines"}, []string{"Skipped 9 unreadable lines", "2 not read"}},
		{[]string{long, "Not read: 3 more files or folders"}, []string{"2 not read", "Not read: open"}},
		{[]string{long}, []string{"Not read: open"}},
	} {
		d := openDesk(t, Options{Filter: fixtureDays})
		d.press("3")
		d.model.list().notes = c.notes
		for _, text := range c.want {
			d.shows(text)
		}
		if len(c.notes) == 1 {
			d.hides("1 not read")
		}
	}
}

// No line of the keys is cut where a terminal has 80 columns.
func TestKeysFitOnAScreen(t *testing.T) {
	for _, language := range []heartbeat.Language{heartbeat.English, heartbeat.Chinese} {
		d := openDesk(t, Options{Language: language})
		d.press("?")
		for _, line := range helpLines {
			d.shows(d.model.word(line[1]))
		}
	}
}
