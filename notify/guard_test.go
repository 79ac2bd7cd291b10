package notify

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestAHangingDatabaseIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g guard
		hang := make(chan struct{})
		start := time.Now()
		err := boundedError(&g, time.Second, func() error { <-hang; return nil })
		if !errors.Is(err, errHangs) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if err := boundedError(&g, time.Second, func() error { t.Error("begun"); return nil }); !errors.Is(err, errHangs) {
			t.Error(err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("the second operation waited: %v", took)
		}
		close(hang)
		synctest.Wait()
		if n, err := bounded(&g, time.Second, func() (int, error) { return 7, nil }); n != 7 || err != nil {
			t.Error(n, err)
		}
	})
}
