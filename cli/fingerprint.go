package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/record"
)

// fingerprint is what tells a run from others of its item, beside what it did: for
// who asks why it failed and the one before did not.
type fingerprint struct {
	script      string // the first digits of the SHA-256 of the file that ran; "" where not known
	environment record.EnvironmentDigest
}

// encode adds it to a run record.
func (f *fingerprint) encode(e *record.Encoder) {
	e.Optional(record.KeyScriptSum, f.script)
	f.environment.Encode(e)
}

// fingerprints are on their way from a goroutine that a file system may hold for
// ever: nobody waits for them but the end of the run, for a moment. The script is
// looked at while the command runs, when it is in memory and was not edited for long.
type fingerprints struct {
	script      chan string
	environment chan record.EnvironmentDigest
}

func newFingerprints() fingerprints {
	return fingerprints{make(chan string, 1), make(chan record.EnvironmentDigest, 1)}
}

// fingerprintWait bounds how long a run that has ended waits for its fingerprint,
// which was begun with it.
const fingerprintWait = 50 * time.Millisecond

// digestEnvironment is of the environment that mvrun was started with. Without a key
// it has names only.
func (j *job) digestEnvironment() record.EnvironmentDigest {
	var key []byte
	if j.store != nil {
		key, _ = j.store.EnvironmentKey()
	}
	digest := record.DigestEnvironment(key, j.item, os.Environ())
	if j.store != nil {
		kept, err := j.store.KeptEnvironment(j.item, record.Day(j.start))
		digest.Kept = err == nil && kept == digest.Sum
	}
	return digest
}

// keepEnvironment notes that a run record has an environment whole, behind it; nil
// where it does not.
func (j *job) keepEnvironment(digest record.EnvironmentDigest, end time.Time) []record.Entry {
	item, day, sum := j.item, record.Day(j.stamp(end)), digest.Sum
	if digest.Kept || sum == "" {
		return nil
	}
	return []record.Entry{{Item: item, Do: func(s *record.Store) error { return s.KeepEnvironment(item, day, sum) }}}
}

// fingerprint gives what is known by the end of the run. Where the script lies on a
// file system that does not answer, what else is done beside the job waits for that,
// and is not waited for.
func (j *job) fingerprint() *fingerprint {
	deadline := time.Now().Add(fingerprintWait)
	var f fingerprint
	known := false
	if f.script, known = awaitBriefly(j.fingerprints.script, deadline); !known {
		j.held = true
	} else if known = closedWithin(j.remembered, 0); known {
		f.environment, known = awaitBriefly(j.fingerprints.environment, deadline)
	}
	if !known {
		f.environment = record.DigestEnvironment(nil, j.item, os.Environ())
	}
	return &f
}

// awaitBriefly makes no timer where there is nothing to wait for.
func awaitBriefly[T any](values <-chan T, deadline time.Time) (value T, ok bool) {
	select {
	case value = <-values:
		return value, true
	default:
		return record.AwaitFairly(values, time.Until(deadline), record.Starved)
	}
}

// Bounds of a checksum: the largest file, in bytes, that is read for it, and the
// digits of it that are recorded, which nobody will find twice by chance.
const (
	maxSummed = 4 << 20
	sumDigits = 16
)

// scriptSum gives the checksum of a regular file, or "". Nothing else is so much as
// opened: a FIFO would lose its reader, and a device may do anything.
func scriptSum(path string) string {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil || !isSummed(&st) {
		return ""
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	if err := unix.Fstat(fd, &st); err != nil || !isSummed(&st) {
		return ""
	}
	hash, buf := sha256.New(), make([]byte, min(st.Size+1, 16<<10))
	for total := int64(0); ; {
		n, err := unix.Read(fd, buf)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil || total > maxSummed:
			return ""
		case n == 0:
			return hex.EncodeToString(hash.Sum(buf[:0]))[:sumDigits]
		}
		hash.Write(buf[:n])
		total += int64(n)
	}
}

func isSummed(st *unix.Stat_t) bool {
	return uint32(st.Mode)&unix.S_IFMT == unix.S_IFREG && st.Size <= maxSummed
}
