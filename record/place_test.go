package record_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// page gives the texts of the next rows of a listing, newest first, and the place
// behind them.
func page(t *testing.T, store *record.Store, behind *record.Place, size int) ([]string, *record.Place) {
	t.Helper()
	rows := store.Select(record.Query{Kind: record.Log, Location: time.UTC, Reverse: true, Limit: size, From: behind})
	var texts []string
	var place *record.Place
	for row := range rows.All() {
		texts = append(texts, row.Item.Name+" "+row.Get("message"))
		place = rows.Place()
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(texts) < size {
		return texts, nil
	}
	data, err := json.Marshal(place)
	if err != nil {
		t.Fatal(err)
	}
	kept := &record.Place{}
	if err := json.Unmarshal(data, kept); err != nil {
		t.Fatal(err)
	}
	return texts, kept
}

// Pages of any size make up the listing, also where many rows have the same time,
// say the same, or say no time at all, and where files hold other days than theirs.
func TestPlacesMakeUpAListing(t *testing.T) {
	files := map[string]string{}
	random := rand.New(rand.NewPCG(1, 2))
	for _, item := range []string{"a", "b", "c"} {
		for day := 20; day < 24; day++ {
			var content string
			for range random.IntN(40) {
				switch random.IntN(8) {
				case 0:
					content += "{\"message\": \"undated\"}\n"
				case 1:
					content += "{\"time\": \"2024-10-28 00:00:00\", \"message\": \"of another day\"}\n"
				case 2:
					content += fmt.Sprintf("{\"ts\": \"9999-12-31T23:59:%02dZ\", \"message\": \"far\"}\n", random.IntN(3))
				default:
					content += fmt.Sprintf("{\"time\": \"2024-10-%d 08:00:0%d\", \"message\": \"%d\"}\n", day, random.IntN(2), random.IntN(4))
				}
			}
			files[fmt.Sprintf("d/%s/log/202410%d", item, day)] = content
		}
	}
	store := database(t, files)
	want, _ := page(t, store, nil, 1_000_000)
	for _, size := range []int{1, 2, 3, 7, 50} {
		var got []string
		for place := (*record.Place)(nil); ; {
			var texts []string
			texts, place = page(t, store, place, size)
			got = append(got, texts...)
			if place == nil {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: %d rows, want %d:\n%q\n%q", size, len(got), len(want), got, want)
		}
	}
}

// What is written meanwhile with a time that has passed moves nothing.
func TestPlacesHoldWhileRecordsComeIn(t *testing.T) {
	store := database(t, nil)
	item := record.Item{Direction: "d", Name: "i"}
	add := func(text, at string) {
		t.Helper()
		line := fmt.Sprintf("{\"time\": \"2024-10-25 %s\", \"message\": %q}\n", at, text)
		if err := store.Append(item, record.Log, "20241025", []byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	for i := range 300 {
		add(fmt.Sprint(i), "08:00:00")
		want = append(want, fmt.Sprintf("i %d", i))
	}
	slices.Reverse(want)
	var got []string
	for place := (*record.Place)(nil); ; {
		var texts []string
		texts, place = page(t, store, place, 10)
		got = append(got, texts...)
		if place == nil {
			break
		}
		for range 25 { // more than a page, before and in the time of the place
			add("late", "08:00:00")
			add("late", "08:00:01")
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d rows, want %d: %q", len(got), len(want), got)
	}
}

// A row that is gone costs no other one.
func TestPlaceOfARowThatIsGone(t *testing.T) {
	content := func(texts ...string) (lines string) {
		for _, text := range texts {
			lines += fmt.Sprintf("{\"time\": \"2024-10-25 08:00:00\", \"message\": %q}\n", text)
		}
		return lines
	}
	before := database(t, map[string]string{"d/i/log/20241025": content("1", "2", "3", "4"), "d/i/log/20241024": "{}\n"})
	_, place := page(t, before, nil, 2) // behind "3"
	after := database(t, map[string]string{"d/i/log/20241025": content("1", "2", "4", "5"), "d/i/log/20241024": "{}\n"})
	if texts, _ := page(t, after, place, 9); !slices.Equal(texts, []string{"i 2", "i 1", "i "}) {
		t.Errorf("%q", texts)
	}
	gone := database(t, map[string]string{"d/i/log/20241024": "{}\n"})
	if texts, _ := page(t, gone, place, 9); !slices.Equal(texts, []string{"i "}) {
		t.Errorf("%q", texts)
	}
}
