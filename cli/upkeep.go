package cli

import (
	"errors"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mvrun/mvrun/record"
)

// beginUpkeep is called once the command runs, which is not to wait for it.
func (j *job) beginUpkeep() {
	j.upkeeping.Do(func() {
		j.fingerprints = newFingerprints()
		go func() {
			limitMemory()
			j.upkeep()
		}()
	})
}

// upkeep is what a run does for the database beside the job: it closes runs
// whose mvrun was killed, and carries over and sends what earlier runs had to
// leave. Nobody waits for it but the end of the run, for a moment. While the
// database is bypassed it says nothing: the writer has told.
func (j *job) upkeep() {
	defer close(j.upkeepDone)
	j.fingerprints.script <- scriptSum(scriptOf(j.args, workdir()))
	<-j.remembered
	if j.store != nil {
		j.failingMark, _ = j.store.Failing(j.item)
	}
	close(j.failingKnown)
	j.fingerprints.environment <- j.digestEnvironment()
	if j.store == nil {
		return
	}
	j.checkDue.Store(checkMissed(j.store, j.item, j.start))
	j.keepStarted()
	// The spool comes first: it may hold the end of a run that is not marked as
	// ended, because the database was away.
	_, spoolErr := record.MergeSpools(j.store, j.spoolFolders())
	if _, err := j.store.CloseLost(j.item, j.self, j.run, j.spoolFolders()...); err != nil || spoolErr != nil {
		return
	}
	j.alarms.sendLeft()
}

// settingsEntry is done by the writer, before the run is marked: what hangs in
// the database hangs up neither of them for longer than the other.
func (j *job) settingsEntry() record.Entry {
	remember := sync.OnceFunc(j.remember)
	if j.store == nil {
		remember()
	}
	return record.Entry{Item: j.item, Do: func(*record.Store) error { remember(); return nil }}
}

// remember ends with the item's settings known, or known not to be had.
func (j *job) remember() {
	defer close(j.remembered)
	defer j.alarms.noMoreSettings()
	if j.store == nil {
		return
	}
	if err := j.rememberItem(); err != nil {
		if _, refused := errors.AsType[syscall.Errno](err); !refused {
			j.warn(err.Error() + "; the item's remembered settings are not used")
		}
	}
}

// rememberItem takes what the run was not told from monitor_item.yaml and
// rewrites that file where something is new.
func (j *job) rememberItem() error {
	before, err := j.store.ReadItem(j.item)
	if err != nil {
		return err
	}
	after := j.settings(before)
	j.alarms.remembered(after)
	j.itemSettings, j.labels = after, rememberedLabels(after)
	return j.store.WriteItem(j.item, before, after)
}

// rememberedLabels reads the labels of an item.
func rememberedLabels(settings record.ItemSettings) [][2]string {
	var labels [][2]string
	for line := range strings.Lines(settings[record.KeyLabels]) {
		_ = labelsValue{&labels}.Set(strings.TrimRight(line, "\n")) // what somebody else has written there is no label
	}
	return boundLabels(labels)
}

// awaitSettings reports whether the item's settings are known within this time.
// A database that hangs must not hold up the run.
func (j *job) awaitSettings(wait time.Duration) bool {
	return closedWithin(j.remembered, wait)
}

// closedWithin makes no timer where there is nothing to wait for.
func closedWithin(channel <-chan struct{}, wait time.Duration) bool {
	select {
	case <-channel:
		return true
	default:
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-channel:
		return true
	case <-timer.C:
		return false
	}
}

// takeLabels gives the run the labels of its item, where it was told none.
func (j *job) takeLabels() {
	if !j.options.told["label"] && j.awaitSettings(rememberWait) && j.labels != nil {
		j.options.labels = j.labels
	}
}

// admin is the direction's, or that of the default direction.
func (s *session) admin() string { return s.adminOf(s.item.Direction) }

func (s *session) adminOf(direction string) string {
	if admin, _ := s.config.Admin(direction); admin != "" {
		return admin
	}
	admin, _ := s.config.Admin("default")
	return admin
}

func orElse(value, otherwise string) string {
	if strings.TrimSpace(value) != "" {
		return value
	}
	return otherwise
}
