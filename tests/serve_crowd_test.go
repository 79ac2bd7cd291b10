package tests

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// The crowd: writers in some processes, each with records of its own, numbered, in
// one of the items.
const (
	crowdProcesses = 5
	crowdWriters   = 50
	crowdItems     = 10
	crowdReaders   = 1000
	crowdRounds    = 2
	crowdRecords   = 2000 // are written at most
)

func crowdItem(writer int) record.Item {
	return record.Item{Direction: "LSF", Name: fmt.Sprintf("crowd%d", writer%crowdItems)}
}

// writersVariable has a test binary be one of the processes with writers.
const writersVariable = "MVRUN_TEST_WRITERS"

// writeCrowd runs the writers of one process: "<db> <first writer>". For each line of
// stdin the next free writer adds a record and a heartbeat, and prints its number
// when both are on disk.
func writeCrowd(settings string) int {
	var db string
	var first int
	if _, err := fmt.Sscan(settings, &db, &first); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	turns := make(chan struct{})
	var group sync.WaitGroup
	var failed atomic.Bool
	for writer := first; writer < first+crowdWriters/crowdProcesses; writer++ {
		group.Go(func() {
			store, err := record.OpenStore(db, record.StoreOptions{Host: "crowd"})
			for n := 0; err == nil; n++ {
				if _, more := <-turns; !more {
					return
				}
				if err = writeOne(store, writer, n); err == nil {
					fmt.Printf("%d\n", writer)
				}
			}
			failed.Store(true)
			fmt.Fprintln(os.Stderr, err)
		})
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		turns <- struct{}{}
	}
	close(turns)
	group.Wait()
	if failed.Load() {
		return 1
	}
	return 0
}

func writeOne(store *record.Store, writer, n int) error {
	at := time.Now()
	head := fmt.Sprintf(`{"time": %q, `, at.Format(record.TimeLayout))
	tail := fmt.Sprintf(`, "ts": %q}`+"\n", at.Format(record.StampLayout))
	// Long enough that a reader could see a part of it.
	text := fmt.Sprintf("writer %d number %d %s end", writer, n, strings.Repeat("失联", n%50))
	log := head + fmt.Sprintf(`"message_level": "Error", "message": %q`, text) + tail
	if err := store.Append(crowdItem(writer), record.Log, record.Day(at), []byte(log)); err != nil {
		return err
	}
	beat := head + `"user": "root", "host": "10.1.2.3", "script": "/ic/a.sh"` + tail
	return store.Append(crowdItem(writer), record.Heartbeat, record.Day(at), []byte(beat))
}

// crowd is what the test knows of the writers.
type crowd struct {
	turns  [crowdProcesses]io.WriteCloser
	next   atomic.Int64 // turns that were given
	acked  [crowdWriters]atomic.Int64
	ended  sync.WaitGroup
	client *http.Client
	server *dashboard
}

func startCrowd(t *testing.T, s *site, server *dashboard) *crowd {
	t.Helper()
	c := &crowd{server: server}
	c.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: crowdReaders}}
	for i := range crowdProcesses {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d", writersVariable, s.db, i*crowdWriters/crowdProcesses))
		command.Stderr = os.Stderr
		turns, err := command.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		output, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		c.turns[i] = turns
		c.ended.Go(func() {
			for lines := bufio.NewScanner(output); lines.Scan(); {
				if writer, err := strconv.Atoi(lines.Text()); err == nil {
					c.acked[writer].Add(1)
				}
			}
			if err := command.Wait(); err != nil {
				t.Errorf("writers: %v", err)
			}
		})
	}
	return c
}

// turn has a record written, beside what follows.
func (c *crowd) turn() {
	if n := c.next.Add(1); n <= crowdRecords {
		_, _ = io.WriteString(c.turns[n%crowdProcesses], "\n")
	}
}

// written is how many records each writer has on disk at least.
func (c *crowd) written() (counts [crowdWriters]int) {
	for i := range counts {
		counts[i] = int(c.acked[i].Load())
	}
	return counts
}

// ask has a record written, and asks the API for a document.
func (c *crowd) ask(path string, document any) error {
	c.turn()
	answer, err := c.client.Get(c.server.url + path)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %.300s", answer.StatusCode, data)
	}
	if err == nil {
		err = json.Unmarshal(data, document)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// crowdPage is a piece of a listing.
type crowdPage struct {
	Records []struct {
		Item, Message, TS string
	}
	Next  string `json:"next_cursor"`
	Notes []string
}

// walked is what a reader has found in a listing.
type walked struct {
	numbers [crowdWriters]map[int]bool
	last    string // the time of the last record
}

// walk pages through the records of some items and holds them against what was
// written before: each of those once, of each writer from the first on without a
// gap, newest first, whole.
func (c *crowd) walk(filter string, limit int, wants func(writer int) bool) error {
	before := c.written()
	var found walked
	for cursor := ""; ; {
		var page crowdPage
		path := fmt.Sprintf("/api/v1/records/log?limit=%d&%s&cursor=%s", limit, filter, url.QueryEscape(cursor))
		if err := c.ask(path, &page); err != nil {
			return err
		}
		if err := found.take(&page, wants); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	for writer, least := range before {
		numbers := found.numbers[writer]
		if wants(writer) && len(numbers) < least {
			return fmt.Errorf("%s: %d records of writer %d, %d were written", filter, len(numbers), writer, least)
		}
		for n := range len(numbers) {
			if !numbers[n] {
				return fmt.Errorf("%s: number %d of writer %d is missing, and %d are there", filter, n, writer, len(numbers))
			}
		}
	}
	return nil
}

// take adds a page.
func (w *walked) take(page *crowdPage, wants func(writer int) bool) error {
	if len(page.Notes) > 0 {
		return fmt.Errorf("notes: %q", page.Notes)
	}
	for _, r := range page.Records {
		var writer, n int
		if _, err := fmt.Sscanf(r.Message, "writer %d number %d", &writer, &n); err != nil || !strings.HasSuffix(r.Message, strings.Repeat("失联", n%50)+" end") {
			return fmt.Errorf("torn: %q", r.Message)
		}
		if writer < 0 || writer >= crowdWriters || r.Item != crowdItem(writer).Name || !wants(writer) {
			return fmt.Errorf("foreign: %+v", r)
		}
		if w.numbers[writer] == nil {
			w.numbers[writer] = map[int]bool{}
		}
		if w.numbers[writer][n] {
			return fmt.Errorf("twice: %s", r.Message)
		}
		w.numbers[writer][n] = true
		at := laterFirst(r.TS)
		if w.last != "" && at > w.last {
			return fmt.Errorf("%s stands behind %s", r.TS, w.last)
		}
		w.last = at
	}
	return nil
}

// laterFirst makes stamps comparable: they are all of one zone.
func laterFirst(stamp string) string {
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil {
		return "0"
	}
	return fmt.Sprintf("%020d", at.UnixNano())
}

// count asks for all items and holds what they say against what was written.
func (c *crowd) count() error {
	before := c.written()
	var document struct {
		Items []struct {
			Item string
			Runs int
		}
		Notes []string
	}
	if err := c.ask("/api/v1/items?direction=LSF", &document); err != nil {
		return err
	}
	most := min(int(c.next.Load()), crowdRecords)
	total := 0
	for i, item := range document.Items {
		if item.Item != fmt.Sprintf("crowd%d", i) {
			return fmt.Errorf("items: %s stands at %d", item.Item, i)
		}
		least := 0
		for writer := i; writer < crowdWriters; writer += crowdItems {
			least += before[writer]
		}
		if item.Runs < least {
			return fmt.Errorf("items: %s has %d runs, %d were written", item.Item, item.Runs, least)
		}
		total += item.Runs
	}
	if len(document.Items) != crowdItems || total > most || len(document.Notes) > 0 {
		return fmt.Errorf("items: %d with %d runs, %d were begun: %q", len(document.Items), total, most, document.Notes)
	}
	return nil
}

// read is what one reader of the crowd does.
func (c *crowd) read(reader int) error {
	item := crowdItem(reader)
	ofItem := func(writer int) bool { return crowdItem(writer) == item }
	if err := c.walk("direction=LSF&item="+item.Name, 100, ofItem); err != nil {
		return err
	}
	if reader%20 == 0 {
		if err := c.walk("item=crowd*", 700, func(int) bool { return true }); err != nil {
			return err
		}
	}
	if reader%10 == 0 {
		return c.count()
	}
	return nil
}

// round has all readers read at once, each on a connection of its own.
func (c *crowd) round(t *testing.T) {
	t.Helper()
	start := make(chan struct{})
	var group sync.WaitGroup
	var told atomic.Int64
	for reader := range crowdReaders {
		group.Go(func() {
			<-start
			if err := c.read(reader); err != nil && told.Add(1) <= 5 {
				t.Error(err)
			}
		})
	}
	close(start)
	group.Wait()
}

// highWater is the most memory that a process has taken, in KiB.
func highWater(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		lacks(t, "/proc")
	}
	fields := strings.Fields(lineWith(string(status), "VmHWM"))
	if len(fields) < 2 {
		t.Fatalf("no VmHWM in %s", status)
	}
	kib, err := strconv.Atoi(fields[1])
	if err != nil {
		t.Fatal(err)
	}
	return kib
}

// A thousand readers at once get right answers while fifty writers append, and take
// no memory but what a connection costs.
func TestServeACrowd(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < 2*crowdReaders {
		lacks(t, "as many descriptors as a thousand connections take (ulimit -n)")
	}
	s := newCheckSite(t, 0, "")
	d := startServe(t, s)
	c := startCrowd(t, s, d)
	// Each writer has an item from the beginning.
	for range 4 * crowdWriters {
		c.turn()
	}
	waitFor(t, time.Minute, "the first records", func() bool {
		total := 0
		for _, n := range c.written() {
			total += n
		}
		return total == 4*crowdWriters
	})
	var water []int
	for range crowdRounds {
		c.round(t)
		water = append(water, highWater(t, d.process.Process.Pid))
	}
	for _, turns := range c.turns {
		_ = turns.Close()
	}
	c.ended.Wait()
	c.client.CloseIdleConnections()
	total := 0
	for _, n := range c.written() {
		total += n
	}
	if want := min(int(c.next.Load()), crowdRecords); total != want {
		t.Errorf("%d records were written, want %d", total, want)
	}
	if err := c.walk("", 1000, func(int) bool { return true }); err != nil {
		t.Errorf("in the end: %v", err)
	}
	t.Logf("%d requests, %d records, at most %v KiB after each round", c.next.Load(), total, water)
	// A process of Go with its code (24 MiB), and of each connection its goroutines
	// with their stacks and buffers (40 KiB), which the collector lets grow to twice
	// that. The answers are those of a few listings.
	const most = (24 << 10) + 2*crowdReaders*40 + (16 << 10)
	if last := water[len(water)-1]; last > most {
		t.Errorf("%d KiB of memory, want at most %d", last, most)
	}
	if grown := water[len(water)-1] - water[0]; grown > most/4 {
		t.Errorf("memory grows with the requests: %v KiB", water)
	}
}
