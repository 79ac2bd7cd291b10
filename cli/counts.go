package cli

import (
	"strconv"
	"sync"

	"github.com/mvrun/mvrun/record"
)

// counts is what a run's output came to. Two pumps may add to it at once.
type counts struct {
	mu                       sync.Mutex
	stdoutBytes, stdoutLines int64
	stderrBytes, stderrLines int64
	levels                   [5]int64 // as record.Levels
	alarms, sent, held       int64
	dropped                  int64
}

func (c *counts) level(level record.Level) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, l := range record.Levels {
		if l == level {
			c.levels[i]++
		}
	}
}

// raised is how many alarms the run has raised so far.
func (c *counts) raised() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.alarms
}

// addTold adds what `mvrun log` and `mvrun alarm` have recorded within the run.
func (c *counts) addTold(told func(what string) int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, level := range record.Levels {
		c.levels[i] += told(string(level))
	}
	c.alarms += told(toldAlarm)
}

// addResults adds what became of the alarms that were raised there.
func (c *counts) addResults(told func(what string) int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent += told(toldSent)
	c.held += told(toldHeld)
}

func (c *counts) encode(e *record.Encoder) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.Int("stdout_bytes", c.stdoutBytes).Int("stdout_lines", c.stdoutLines).
		Int("stderr_bytes", c.stderrBytes).Int("stderr_lines", c.stderrLines)
	var pairs [][2]string
	for i, level := range record.Levels {
		if c.levels[i] > 0 {
			pairs = append(pairs, [2]string{string(level), strconv.FormatInt(c.levels[i], 10)})
		}
	}
	e.Numbers("records", pairs)
	e.Int("alarms", c.alarms).Int("alarms_sent", c.sent).Int("alarms_held", c.held)
	if c.dropped > 0 {
		e.Int("dropped", c.dropped)
	}
}
