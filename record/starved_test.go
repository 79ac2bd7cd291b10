package record

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAwaitFairly(t *testing.T) {
	for name, c := range map[string]struct {
		answer  time.Duration
		starved time.Duration // for how long the machine lets nobody run
		ok      bool
		took    time.Duration
	}{
		"in time":                    {answer: time.Second, ok: true, took: time.Second},
		"too late":                   {answer: 3 * time.Second, took: 2 * time.Second},
		"late on a busy machine":     {answer: 3 * time.Second, starved: time.Minute, ok: true, took: 3 * time.Second},
		"never, on a busy machine":   {answer: time.Hour, starved: 4 * time.Second, took: 4 * time.Second},
		"never, on one always busy":  {answer: time.Hour, starved: time.Hour, took: 2*time.Second + maxStarved},
		"late once it was busy only": {answer: 5 * time.Second, starved: 4 * time.Second, took: 4 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			answers := make(chan int, 1)
			timer := time.AfterFunc(c.answer, func() { answers <- 7 })
			defer timer.Stop()
			value, ok := AwaitFairly(answers, 2*time.Second, func() bool { return time.Since(start) < c.starved })
			if took := time.Since(start); ok != c.ok || took != c.took || ok != (value == 7) {
				t.Errorf("%s: %v, %v after %v; want %v after %v", name, value, ok, took, c.ok, c.took)
			}
		})
	}
}
