package tests

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// numberedJob writes numbered records of all forms until its stdin ends, and
// notes in a file when it has written each of them.
const numberedJob = `
tag=$1 report=$2 n=0
while :; do
	n=$((n + 1))
	case $((n % 11)) in
	4) echo "ALARM: $tag.$n" ;;
	7) printf 'ERROR: %s\n  with more to it\n' "$tag.$n" ;;
	*) echo "INFO: $tag.$n" ;;
	esac
	echo "$EPOCHREALTIME $n" >>"$report"
	read -rt "0.0$((RANDOM % 3 + 1))" _
	[ $? -gt 128 ] || exit 0
done
`

// promise is how old a line may be that a kill still loses.
const promise = 300 * time.Millisecond

// killed is what one job had written when its mvrun was killed.
type killed struct {
	tag  string
	due  []int // had to be on a disk by then
	all  int   // lines in all
	late time.Duration
}

func TestTortureKill(t *testing.T) {
	t.Parallel()
	bash := needProgram(t, "bash")
	a := newArena(t)
	a.checkKilled(t, a.killWorkers(t, bash, fullTimes(1000, 100)), 1)
}

// killers is how many jobs are killed side by side, each an item of its own.
const killers = 12

func killedItem(w int) string { return fmt.Sprintf("item%d", w) }

// killWorkers kills mvrun n times, and more often where the machine stalled so much
// that no line had to be on a disk by then.
func (a *arena) killWorkers(t *testing.T, bash string, n int) []killed {
	t.Helper()
	clock := watchStalls(t)
	var mu sync.Mutex
	var all []killed
	var due atomic.Int64
	inParallel(killers, killers, func(w int) {
		for i := w; i < n || i < 10*n && due.Load() == 0; i += killers {
			k := a.killOne(t, bash, killedItem(w), fmt.Sprintf("%d-%d", w, i), clock)
			due.Add(int64(len(k.due)))
			mu.Lock()
			all = append(all, k)
			mu.Unlock()
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	return all
}

// checkKilled lets each item run once more, and looks whether anything is lost,
// doubled or torn. No alarm is recorded as sent more often than maxSent.
func (a *arena) checkKilled(t *testing.T, all []killed, maxSent int) {
	t.Helper()
	for w := range killers {
		a.closeRuns(t, killedItem(w))
	}
	a.flush(t, 0)
	messages, passed := map[string]int{}, map[string]int{}
	for w := range killers {
		a.checkRuns(t, killedItem(w))
		a.count(t, killedItem(w), messages, passed)
	}
	checkLines(t, all, messages, passed, maxSent)
}

// closeRuns runs the item until it has closed its lost runs: the next run does
// so, but on a busy machine it may leave some.
func (a *arena) closeRuns(t *testing.T, item string) {
	t.Helper()
	for n := 0; n == 0 || n < 20 && len(a.openRuns(t, item)) > 0; n++ {
		a.mergeSpool(t, item)
	}
}

// openRuns are those that have begun and not ended.
func (a *arena) openRuns(t *testing.T, item string) []string {
	t.Helper()
	ends := texts(a.records(t, "d", item, "run"), "run")
	return slices.DeleteFunc(texts(a.records(t, "d", item, "heartbeat"), "run"), func(run string) bool { return slices.Contains(ends, run) })
}

// killOne runs the job and kills mvrun at a moment of chance: while it starts,
// or while it records.
func (a *arena) killOne(t *testing.T, bash, item, tag string, clock *stalls) killed {
	report := filepath.Join(a.folder, "report-"+tag)
	command := a.command(binary, "-d", "d", "-i", item, "--", bash, "-c", numberedJob, "job", tag, report)
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Error(err)
		return killed{}
	}
	defer stdin.Close()
	if err := command.Start(); err != nil {
		t.Error(err)
		return killed{}
	}
	life := rand.N(60 * time.Millisecond)
	if rand.N(5) > 0 {
		life = rand.N(1200 * time.Millisecond)
	}
	<-time.After(life)
	end := time.Now()
	_ = command.Process.Kill()
	_ = command.Wait()
	late := 4 * clock.worst(end.Add(-time.Second))
	k := killed{tag: tag, late: late}
	data, _ := os.ReadFile(report)
	for line := range strings.Lines(string(data)) {
		var seconds, micros int64
		var number int
		if n, _ := fmt.Sscanf(line, "%d.%d %d\n", &seconds, &micros, &number); n != 3 {
			continue // the job, which goes on, is writing this
		}
		k.all = number
		if time.Unix(seconds, micros*1000).Before(end.Add(-promise - late)) {
			k.due = append(k.due, number)
		}
	}
	return k
}

// count adds up the lines of the jobs that the database of an item holds.
func (a *arena) count(t *testing.T, item string, messages, passed map[string]int) {
	t.Helper()
	for _, r := range a.records(t, "d", item, "log") {
		first, rest, _ := strings.Cut(r.text("message"), "\n")
		messages[first]++
		if r.text("message_level") == "Error" && rest != "  with more to it" && strings.Contains(first, ".") {
			t.Errorf("recorded %q", r.text("message"))
		}
	}
	for _, r := range a.records(t, "d", item, "alarm") {
		if r.text("send_alarm_result") == "PASSED" {
			passed[r.text("message")]++
		}
	}
}

// checkRuns: every run that began has ended once, in one way or another.
func (a *arena) checkRuns(t *testing.T, item string) {
	t.Helper()
	ends := map[string]int{}
	lost := 0
	for _, r := range a.records(t, "d", item, "run") {
		ends[r.text("run")]++
		if r.text("cause") == "wrapper lost" {
			lost++
		}
	}
	begun := a.records(t, "d", item, "heartbeat")
	for _, r := range begun {
		if ends[r.text("run")] != 1 {
			t.Errorf("%s: run %s has %d ends", item, r.text("run"), ends[r.text("run")])
		}
	}
	if lost == 0 {
		t.Errorf("%s: none of %d runs is recorded as lost", item, len(begun))
	}
}

func checkLines(t *testing.T, all []killed, messages, passed map[string]int, maxSent int) {
	t.Helper()
	due, lost := 0, 0
	for _, k := range all {
		for n := 1; n <= k.all+1; n++ {
			name := fmt.Sprintf("%s.%d", k.tag, n)
			if messages[name] > 1 || passed[name] > maxSent {
				t.Errorf("line %s is recorded %d times, or as sent %d times", name, messages[name], passed[name])
			}
		}
		for _, n := range k.due {
			name := fmt.Sprintf("%s.%d", k.tag, n)
			due++
			if messages[name]+passed[name] == 0 {
				lost++
				t.Errorf("line %s of %d is lost (the machine stalled for %v)", name, k.all, k.late)
			}
		}
	}
	t.Logf("%d jobs, %d lines that had to be kept, %d lost", len(all), due, lost)
	if due == 0 {
		t.Error("no line was old enough to be looked for")
	}
}

// stalls watches for how long this machine lets a process wait that could run:
// what is promised for a machine with time to spare is held to that measure.
type stalls struct {
	mu    sync.Mutex
	seen  []time.Time
	delay []time.Duration
}

func watchStalls(t *testing.T) *stalls {
	const pause = 5 * time.Millisecond
	s := &stalls{}
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	go func() {
		for {
			begun := time.Now()
			select {
			case <-ended:
				return
			case <-time.After(pause):
			}
			s.mu.Lock()
			s.seen, s.delay = append(s.seen, time.Now()), append(s.delay, time.Since(begun)-pause)
			s.mu.Unlock()
		}
	}()
	return s
}

// worst gives the longest stall since then.
func (s *stalls) worst(since time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var worst time.Duration
	for i := len(s.seen) - 1; i >= 0 && s.seen[i].After(since); i-- {
		worst = max(worst, s.delay[i])
	}
	return worst
}
