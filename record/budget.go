package record

import (
	"sync"
	"time"
)

// maxWaits is how long a job may wait for the disks in all: where they are slower for
// long than it prints records and alarms, the job is not to become as slow.
const maxWaits = 5 * time.Second

// Budget is what is left of the time that a job may wait for the disks. The zero
// value is whole. It may be used concurrently.
type Budget struct {
	mu     sync.Mutex
	waited time.Duration
}

// Left is how much longer the job may wait.
func (b *Budget) Left() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maxWaits - b.waited
}

// Spend notes that the job has waited.
func (b *Budget) Spend(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waited += d
}
