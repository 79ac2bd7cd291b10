package record

import (
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

func TestItemFilesHaveABound(t *testing.T) {
	store := testStore(t, t.TempDir(), StoreOptions{})
	path := filepath.Join(store.Path(), testItem.Direction, testItem.Name, itemFile)
	prepare := func(size int) (want ItemSettings) {
		head := KeySchedule + ": every day\n" + KeyLabels + ": "
		text := head + strings.Repeat("x", size-len(head)-1) + "\n"
		writeTestFile(t, path, text)
		return ItemSettings{KeySchedule: "every day", KeyLabels: text[len(head) : len(text)-1]}
	}
	// A survey says the same, whatever it has read before.
	surveyed := func(tail int) (ItemSettings, error) {
		t.Helper()
		survey, err := store.Survey()
		if err != nil {
			t.Fatal(err)
		}
		if err := survey.Tail(testItem, Log, testDay, tail, func([]byte) {}); err != nil {
			t.Fatal(err)
		}
		settings, found, err := survey.Settings(testItem)
		if !found {
			t.Error("not found")
		}
		return settings, err
	}
	writeTestFile(t, dayPath(store.Path()), testLine("n1", 0))
	for _, size := range []int{1 << 10, 16 << 10, 16<<10 + 1, 100 << 10, maxItemFile} {
		want := prepare(size)
		if got, err := store.ReadItem(testItem); err != nil || !maps.Equal(got, want) {
			t.Errorf("%d bytes: %d settings, %v", size, len(got), err)
		}
		for _, tail := range []int{1, 64 << 10, 1 << 20} {
			if got, err := surveyed(tail); err != nil || !maps.Equal(got, want) {
				t.Errorf("%d bytes, surveyed after %d of a day: %d settings, %v", size, tail, len(got), err)
			}
		}
	}
	prepare(maxItemFile + 1)
	problem := fmt.Sprintf("%s: is larger than %d bytes", itemFile, maxItemFile)
	_, err := store.ReadItem(testItem)
	mustContain(t, err, problem)
	for _, tail := range []int{1, 1 << 20} {
		_, err = surveyed(tail)
		mustContain(t, err, problem)
	}
	err = store.WriteItem(testItem, nil, ItemSettings{KeyLabels: strings.Repeat("x", maxItemFile)})
	mustContain(t, err, "would be larger")
}
