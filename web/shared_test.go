package web

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Who asks at the same time is given one answer; one that took long is kept, and
// stands in for the next while that is being made.
func TestSharedAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s shared[int]
		var asked atomic.Int64
		after := func(length time.Duration) func() (int, error) {
			return func() (int, error) {
				time.Sleep(length)
				return int(asked.Add(1)), nil
			}
		}
		answer := after(2 * time.Second)
		first := s.ask("a", answer)
		if s.ask("a", answer) != first || s.ask("b", answer) == first {
			t.Error("the same is not asked once, or another thing is taken for it")
		}
		if s.within(first, time.Second) != nil {
			t.Error("there is an answer before there is one")
		}
		if value, err := first.wait(); err != nil || value == 0 {
			t.Error(value, err)
		}
		if s.ask("a", answer) != first {
			t.Error("an answer that took long is not kept")
		}
		time.Sleep(3 * time.Second)
		second := s.ask("a", answer)
		if second == first || s.within(second, time.Second) != first || s.within(second, 2*time.Second) != second {
			t.Error("the answer before does not stand in")
		}
		s.forget()
		if third := s.ask("a", answer); third == second || s.within(third, time.Second) != nil {
			t.Error("what was forgotten is still there")
		}
		time.Sleep(time.Hour)
		quick := s.ask("a", after(quickAnswer/2))
		if _, err := quick.wait(); err != nil || s.ask("a", answer) == quick {
			t.Error("a quick answer is kept")
		}
		time.Sleep(time.Hour)
	})
}

func TestSharedAnswerThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s shared[int]
		bad := errors.New("bad")
		if _, err := s.ask("a", func() (int, error) { time.Sleep(time.Minute); return 0, bad }).wait(); err != bad {
			t.Error(err)
		}
		if _, err := s.ask("a", func() (int, error) { panic("lost") }).wait(); err == nil || err.Error() != "panic: lost" {
			t.Error(err)
		}
	})
}
