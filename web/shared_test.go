package web

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Who asks at the same time is given one answer; one that took long is kept, and
// stands in for the next while that is being made.
func TestSharedAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := shared[int]{answering: newAnswering()}
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
		s := shared[int]{answering: newAnswering()}
		bad := errors.New("bad")
		if _, err := s.ask("a", func() (int, error) { time.Sleep(time.Minute); return 0, bad }).wait(); err != bad {
			t.Error(err)
		}
		if _, err := s.ask("a", func() (int, error) { panic("lost") }).wait(); err == nil || err.Error() != "panic: lost" {
			t.Error(err)
		}
	})
}

// However much is asked, little is answered at once, what waits is bounded, and what
// waits still when something has changed is not asked again.
func TestSharedAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := shared[int]{answering: newAnswering()}
		var mu sync.Mutex
		var now, most, answers int
		answer := func() (int, error) {
			mu.Lock()
			now++
			most, answers = max(most, now), answers+1
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			now--
			return 1, nil
		}
		var calls []*sharedCall[int]
		for i := range 2 * maxAsked {
			calls = append(calls, s.ask(fmt.Sprint(i), answer))
			synctest.Wait()
		}
		s.forget()
		if last := maxAnswering + maxAsked - 1; s.ask(fmt.Sprint(last), answer) != calls[last] || s.ask("0", answer) == calls[0] {
			t.Error("what was not begun is forgotten, or what was begun is not")
		}
		refused := 0
		for _, call := range calls {
			if _, err := call.wait(); errors.Is(err, errBusy) {
				refused++
			} else if err != nil {
				t.Error(err)
			}
		}
		time.Sleep(time.Hour)
		if most != maxAnswering || answers != maxAnswering+maxAsked || refused != maxAsked-maxAnswering {
			t.Errorf("%d at once, %d in all, %d refused", most, answers, refused)
		}
	})
}
