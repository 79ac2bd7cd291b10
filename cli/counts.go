package cli

import (
	"slices"
	"strconv"
	"sync"

	"github.com/mvrun/mvrun/record"
)

// counts is what a run's output came to. Two pumps may add to it at once.
type counts struct {
	mu                       sync.Mutex
	stdoutBytes, stdoutLines int64
	stderrBytes, stderrLines int64
	levels                   map[record.Level]int64
	own                      []record.Level // levels of the config that are not built in
	alarms, sent, held       int64
	said                     int64 // of the alarms, by mvrun alarm
	dropped                  int64
}

func (c *counts) level(level record.Level) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(level, 1)
}

// add counts records of a level. The caller holds c.mu.
func (c *counts) add(level record.Level, n int64) {
	if n == 0 {
		return
	}
	if c.levels == nil {
		c.levels = map[record.Level]int64{}
	}
	c.levels[level] += n
}

// names are all levels, in the order in which they are recorded.
func (c *counts) names() []record.Level {
	return slices.Concat(record.Levels, c.own)
}

// alarm counts an alarm that is raised, or held back before it is.
func (c *counts) alarm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.alarms++
}

// raised is how many alarms the run has raised so far.
func (c *counts) raised() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.alarms
}

// addTold adds what `mvrun log` and `mvrun alarm` have recorded within the run, and
// reports whether alarms were raised there.
func (c *counts) addTold(nested *record.Nested) (alarms bool) {
	nested.NewOutput()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, level := range c.names() {
		c.add(level, nested.Told(string(level)))
	}
	raised := nested.Told(toldAlarm)
	c.alarms += raised
	c.said += raised
	return raised > 0
}

// addResults adds what became of the alarms that were raised there.
func (c *counts) addResults(nested *record.Nested) {
	nested.NewOutput()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent += nested.Told(toldSent)
	c.held += nested.Told(toldHeld)
}

func (c *counts) encode(e *record.Encoder) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.Int("stdout_bytes", c.stdoutBytes).Int("stdout_lines", c.stdoutLines).
		Int("stderr_bytes", c.stderrBytes).Int("stderr_lines", c.stderrLines)
	var pairs [][2]string
	for _, level := range c.names() {
		if n := c.levels[level]; n > 0 {
			pairs = append(pairs, [2]string{string(level), strconv.FormatInt(n, 10)})
		}
	}
	e.Numbers("records", pairs)
	e.Int("alarms", c.alarms).Int("alarms_sent", c.sent).Int("alarms_held", c.held)
	if c.dropped > 0 {
		e.Int("dropped", c.dropped)
	}
}
