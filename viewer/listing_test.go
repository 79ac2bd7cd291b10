package viewer

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

var listingNow = time.Date(2024, 11, 1, 12, 0, 0, 0, time.UTC)

// runsOf makes a database of runs of few different values, some of them twice.
func runsOf(t *testing.T) *record.Store {
	random := rand.New(rand.NewPCG(1, 2))
	files := map[string]string{}
	for _, item := range []string{"LSF/nodes", "LSF/queues", "host/disk"} {
		for _, day := range []string{"20241029", "20241030", "20241101"} {
			var lines strings.Builder
			for i := range 30 {
				at := fmt.Sprintf("%s-%s-%s 0%d:00:00", day[:4], day[4:6], day[6:], i%9)
				fmt.Fprintf(&lines, `{"time": %q, "run": "r%d", "exit_code": %d, "duration": %d, "host": %q}`+"\n",
					at, random.IntN(3), random.IntN(3), random.IntN(40), [...]string{"Node9", "node1", "", "节点"}[random.IntN(4)])
			}
			files[item+"/run/"+day] = lines.String() + lines.String()[:strings.Index(lines.String(), "\n")+1]
		}
		files[item+"/monitor_item.yaml"] = "direction: x\nscript_startup_host: h" + item[len(item)-1:] + "\n"
	}
	return database(t, files)
}

func listingFor(t *testing.T, kind record.Kind, order string, conditions ...string) Listing {
	t.Helper()
	l := Listing{Query: record.Query{Kind: kind, Location: time.UTC, Begin: listingNow.AddDate(0, 0, -7), End: listingNow}, Now: listingNow}
	var err error
	if l.Order, err = ParseOrder(kind, order); err != nil {
		t.Fatal(err)
	}
	for _, text := range conditions {
		name, value, _ := strings.Cut(text, ":")
		c, err := ParseCondition(kind, name, value)
		if err != nil {
			t.Fatal(err)
		}
		l.Conditions = append(l.Conditions, c)
	}
	return l
}

// paged reads a listing page by page, each cursor through JSON.
func paged(t *testing.T, store *record.Store, l Listing, size int) (lines []string, total int) {
	t.Helper()
	for l.Size = size; ; {
		page, err := l.Read(context.Background(), store)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Lines) > size {
			t.Fatalf("a page of %d", len(page.Lines))
		}
		for _, line := range page.Lines {
			lines = append(lines, string(line))
		}
		if page.Next == nil {
			return lines, page.Total
		}
		text, err := json.Marshal(page.Next)
		l.From = &Place{}
		if err != nil || json.Unmarshal(text, l.From) != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// Pages of any order and size hold each record once, in that order, and so does an
// export.
func TestPagesOfAnOrder(t *testing.T) {
	store := runsOf(t)
	for _, order := range []string{"", "time", "-time", "duration", "-duration", "host", "-host", "status", "-item", "run"} {
		l := listingFor(t, record.Run, order)
		want, _ := paged(t, store, l, 1000)
		if len(want) != 3*3*31 {
			t.Fatalf("%q: %d records", order, len(want))
		}
		for _, size := range []int{1, 7, 100} {
			got, total := paged(t, store, l, size)
			if !slices.Equal(got, want) {
				t.Errorf("%q, %d at a time: not the same", order, size)
			}
			if !l.Order.isNatural() && total != len(want) {
				t.Errorf("%q: a total of %d", order, total)
			}
		}
		var out bytes.Buffer
		if err := l.Export(context.Background(), &out, store, Options{Format: JSON, Now: listingNow}); err != nil || out.String() != strings.Join(want, "\n")+"\n" {
			t.Errorf("%q: an export is not the same, %v", order, err)
		}
	}
}

func TestOrderOfValues(t *testing.T) {
	store := runsOf(t)
	value := func(line, key string) string { return record.Row{Line: []byte(line)}.Get(key) }
	durations, _ := paged(t, store, listingFor(t, record.Run, "-duration"), 50)
	if !sort.SliceIsSorted(durations, func(i, j int) bool {
		a, _ := strconv.Atoi(value(durations[i], "duration"))
		b, _ := strconv.Atoi(value(durations[j], "duration"))
		return a > b
	}) {
		t.Error("durations are not in the order of numbers")
	}
	for order, want := range map[string][]string{"host": {"node1", "Node9", "节点", ""}, "-host": {"节点", "Node9", "node1", ""}} {
		var hosts []string
		lines, _ := paged(t, store, listingFor(t, record.Run, order), 50)
		for _, line := range lines {
			hosts = append(hosts, value(line, "host"))
		}
		if got := slices.Compact(hosts); !slices.Equal(got, want) {
			t.Errorf("%s: %q", order, got)
		}
	}
}

func TestConditions(t *testing.T) {
	store := runsOf(t)
	all, _ := paged(t, store, listingFor(t, record.Run, ""), 1000)
	count := func(wanted func(get func(string) string) bool) (n int) {
		for _, line := range all {
			if wanted((record.Row{Line: []byte(line)}).Get) {
				n++
			}
		}
		return n
	}
	number := func(text string) int { n, _ := strconv.Atoi(text); return n }
	for condition, wanted := range map[string]func(get func(string) string) bool{
		"host:NODE":       func(get func(string) string) bool { return strings.HasPrefix(strings.ToLower(get("host")), "node") },
		"host:!node":      func(get func(string) string) bool { return get("host") == "" || get("host") == "节点" },
		"host:=node9":     func(get func(string) string) bool { return get("host") == "Node9" },
		"host:=":          func(get func(string) string) bool { return get("host") == "" },
		"host:!=":         func(get func(string) string) bool { return get("host") != "" },
		"duration:>9":     func(get func(string) string) bool { return number(get("duration")) > 9 },
		"duration:>= 9s":  func(get func(string) string) bool { return number(get("duration")) >= 9 },
		"duration:<30":    func(get func(string) string) bool { return number(get("duration")) < 30 },
		"status:=0":       func(get func(string) string) bool { return get("exit_code") == "0" },
		"item:NODE":       func(get func(string) string) bool { return get("item") == "nodes" },
		"direction:=lsf":  func(get func(string) string) bool { return get("direction") == "LSF" },
		"time:2024-10-30": func(get func(string) string) bool { return strings.HasPrefix(get("time"), "2024-10-30") },
		"time:>2024-10-3": func(get func(string) string) bool { return get("time") > "2024-10-3" },
	} {
		for _, order := range []string{"", "host"} {
			lines, _ := paged(t, store, listingFor(t, record.Run, order, condition), 7)
			if want := count(wanted); len(lines) != want || want == 0 || want == len(all) {
				t.Errorf("%s by %q: %d records, want %d of %d", condition, order, len(lines), want, len(all))
			}
		}
	}
}

func TestListingOfItems(t *testing.T) {
	store := runsOf(t)
	for order, want := range map[string]string{
		"": "LSF/nodes LSF/queues host/disk", "-item": "LSF/queues LSF/nodes host/disk", "host": "host/disk LSF/nodes LSF/queues", "direction": "host/disk LSF/nodes LSF/queues",
	} {
		for _, size := range []int{1, 2, 3} {
			var names []string
			lines, _ := paged(t, store, listingFor(t, Monitor, order), size)
			for _, line := range lines {
				row := record.Row{Line: []byte(line)}
				names = append(names, row.Get("direction")+"/"+row.Get("item"))
			}
			if got := strings.Join(names, " "); got != want {
				t.Errorf("%q, %d at a time: %s", order, size, got)
			}
		}
	}
	if lines, _ := paged(t, store, listingFor(t, Monitor, "", "item:d", "runs:=0"), 5); len(lines) != 2 {
		t.Errorf("%d items", len(lines))
	}
}

// However many records there are, an order keeps no more than was asked for, and no
// more bytes than it may.
func TestSelectionIsBounded(t *testing.T) {
	order, _ := ParseOrder(record.Log, "message")
	for _, s := range []*selection{{limit: 10, budget: 1 << 20}, {limit: 1 << 20, budget: 10 * (entryBytes + 100)}} {
		s.order = order
		for i := range 10_000 {
			row := record.Row{Kind: record.Log, Line: fmt.Appendf(nil, `{"message": "%05d%s"}`, (i*7919)%10_000, strings.Repeat(" ", 70))}
			s.offer(lineEntry(row), row)
			if len(s.heap) > 12 {
				t.Fatalf("%d are kept", len(s.heap))
			}
		}
		found := s.sorted()
		if len(found) < 9 || !s.more || s.total != 10_000 {
			t.Errorf("%d found of %d", len(found), s.total)
		}
		for i, one := range found {
			if !strings.HasPrefix(one.Text, fmt.Sprintf("%05d", i)) {
				t.Errorf("%d: %s", i, one.Text)
			}
		}
	}
}

func TestBadListings(t *testing.T) {
	store := runsOf(t)
	for _, text := range []string{"nothing", "--host", "-", "host,time"} {
		if _, err := ParseOrder(record.Run, text); !isInputError(err) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, pair := range [][2]string{{"message", "x"}, {"host", "<"}, {"host", "!"}, {"host", " "}} {
		if _, err := ParseCondition(record.Run, pair[0], pair[1]); !isInputError(err) {
			t.Errorf("%q: %v", pair, err)
		}
	}
	for name, place := range map[string]*Place{
		"of items": {Item: "LSF/nodes"}, "of another order": {Rank: &rank{}}, "of no day": {Record: &record.Place{Day: "x"}},
		"before the beginning": {Record: &record.Place{Day: "20241101", Skip: -1}}, "of nothing": {},
	} {
		l := listingFor(t, record.Run, "")
		l.Size, l.From = 5, place
		if page, err := l.Read(context.Background(), store); err == nil {
			t.Errorf("a place %s: %d records", name, len(page.Lines))
		}
	}
	ended, end := context.WithCancel(context.Background())
	end()
	for _, order := range []string{"", "host"} {
		l := listingFor(t, record.Run, order)
		l.Size = 5
		if _, err := l.Read(ended, store); !errors.Is(err, context.Canceled) {
			t.Errorf("by %q after the end: %v", order, err)
		}
	}
}

func isInputError(err error) bool {
	var input *InputError
	return errors.As(err, &input)
}

func TestExportIsSafe(t *testing.T) {
	store := database(t, map[string]string{"d/a/log/20241101": `{"message": "=cmd()"}` + "\n" + `{"message": "-1+1"}` + "\n"})
	var out bytes.Buffer
	l := listingFor(t, record.Log, "message")
	if err := l.Export(context.Background(), &out, store, Options{Format: CSV, Now: listingNow}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][4] != "'-1+1" || rows[2][4] != "'=cmd()" {
		t.Errorf("%v %q", err, rows)
	}
}
