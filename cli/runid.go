package cli

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"strings"
	"time"
)

// The form of a run's id, which sorts by time: the UTC second and 40 random bits.
const (
	runIDTime   = "20060102T150405Z-"
	runIDRandom = 5 // bytes, written as hexadecimal digits
)

func newRunID(now time.Time) string {
	random := binary.BigEndian.AppendUint64(nil, rand.Uint64())[:runIDRandom]
	return now.UTC().Format(runIDTime) + hex.EncodeToString(random)
}

// isRunID tells a run's id from any other text.
func isRunID(text string) bool {
	if len(text) != len(runIDTime)+2*runIDRandom {
		return false
	}
	_, err := time.Parse(runIDTime, text[:len(runIDTime)])
	return err == nil && strings.Trim(text[len(runIDTime):], "0123456789abcdef") == ""
}

// surroundingRun is the run in which this process stands, "" for none. What is no
// run's id is not taken for one: it becomes a part of records and of file names.
func surroundingRun() string {
	if run := os.Getenv("MVRUN_RUN"); isRunID(run) {
		return run
	}
	return ""
}
