package viewer

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

var errDuration = errors.New("is no time; write 90, 90s, 5m, 1h30m or 2d")

// ParseDuration reads how long something is to last: a time with units, of which a day
// is 24 hours, or a plain number of seconds as timeout(1) and sleep(1) take it.
func ParseDuration(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil {
			return 0, errDuration
		}
		return durationOf(n * 24 * float64(time.Hour))
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return durationOf(n * float64(time.Second))
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, errDuration
	}
	return d, nil
}

func durationOf(nanoseconds float64) (time.Duration, error) {
	if !(nanoseconds >= 0 && nanoseconds < 1<<62) {
		return 0, errDuration
	}
	return time.Duration(nanoseconds), nil
}
