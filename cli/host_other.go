//go:build !linux

package cli

import "time"

func processName(string, []byte) string { return "" }

func sinceBoot() (time.Time, bool) { return time.Time{}, false }
