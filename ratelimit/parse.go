package ratelimit

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parse reads an alarm frequency:
//
//	everytime             every alarm is sent
//	max <n> times         at most n of the same alarm a calendar day
//	max <n> times per …   minute, hour, day or week of local time, or run
//	once per <duration>   not sooner than, say, 30m, 2h or 1d after the last one
//	on change             only when it differs from the last one sent
//
// The first two are monitorViewer's, and there may be blanks around all words, as
// it has them. The error of any other text names the nearest form that is right.
func Parse(text string) (Policy, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Policy{}, fmt.Errorf("alarm frequency is empty; write %s", nearest(words))
	}
	switch words[0] {
	case "everytime":
		if len(words) == 1 {
			return Policy{}, nil
		}
	case "on":
		if len(words) == 2 && words[1] == "change" {
			return Policy{form: onChange}, nil
		}
	case "once":
		if len(words) == 3 && words[1] == "per" {
			pause, err := parseDuration(words[2])
			if err == nil {
				return Policy{form: spaced, pause: pause}, nil
			}
			if errors.Is(err, errTooLong) {
				longest := duration(maxPause)
				return Policy{}, fmt.Errorf("%q is longer than what was sent is looked back over, %s; write %q", shorten(text), longest, "once per "+longest)
			}
		}
	case "max":
		if policy, ok := parseCounted(words[1:]); ok {
			return policy, nil
		}
	}
	return Policy{}, fmt.Errorf("%q is no alarm frequency; write %s", shorten(text), nearest(words))
}

// parseCounted reads what follows max.
func parseCounted(words []string) (Policy, bool) {
	if len(words) < 2 || !isNumber(words[0]) || words[1] != "times" {
		return Policy{}, false
	}
	policy := Policy{form: counted, max: number(words[0])}
	if policy.max == 0 { // which is no frequency: mute, or --on-failure none, keeps silent
		return Policy{}, false
	}
	if len(words) == 2 {
		return policy, true
	}
	if len(words) != 4 || words[2] != "per" {
		return Policy{}, false
	}
	i := slices.Index(windowNames[:], words[3])
	policy.window = Window(i)
	return policy, i >= 0
}

// isNumber keeps to ASCII digits: a sign, a point or an exponent is a mistake.
func isNumber(word string) bool {
	return word != "" && strings.Trim(word, "0123456789") == ""
}

// number reads digits. What no int can hold is a limit that nobody reaches.
func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return math.MaxInt
	}
	return n
}

// maxPause is the longest pause that is looked back over.
const maxPause = 31 * 24 * time.Hour

var (
	errNoDuration = errors.New("is no duration")
	errTooLong    = errors.New("is longer than any pause")
)

// parseDuration reads what time.ParseDuration does, and days before it (1d12h).
func parseDuration(text string) (time.Duration, error) {
	var days time.Duration
	if number, rest, found := strings.Cut(text, "d"); found {
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			return 0, errNoDuration
		}
		if days, text = time.Duration(n)*24*time.Hour, rest; rest == "" {
			text = "0s"
		}
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil || d < 0 || days+d == 0:
		return 0, errNoDuration
	case d > maxPause || days > maxPause || days+d > maxPause:
		return 0, errTooLong
	}
	return days + d, nil
}

// duration writes 30m and 1d12h where time.Duration writes 30m0s and 36h0m0s.
func duration(d time.Duration) string {
	text := ""
	if days := d / (24 * time.Hour); days > 0 {
		text = fmt.Sprintf("%dd", days)
		if d -= days * 24 * time.Hour; d == 0 {
			return text
		}
	}
	rest := d.String()
	if strings.HasSuffix(rest, "m0s") {
		rest = strings.TrimSuffix(rest, "0s")
	}
	if strings.HasSuffix(rest, "h0m") {
		rest = strings.TrimSuffix(rest, "0m")
	}
	return text + rest
}

// nearest guesses from the words of a wrong frequency what was meant.
func nearest(words []string) string {
	if len(words) == 0 {
		return `"everytime" or "max 3 times" (a day)`
	}
	for i := range words {
		words[i] = strings.ToLower(strings.Trim(words[i], ".,;"))
	}
	first := words[0]
	window := windowMeant(words)
	if pause, ok := pauseMeant(words); ok && (first == "once" || first == "every" || window == "") {
		return fmt.Sprintf("%q", "once per "+pause)
	}
	for _, word := range words {
		number, _, _ := strings.Cut(word, "/") // as in 3/hour
		if digits := strings.Trim(number, "+-.,*x"); isNumber(digits) {
			return maxForm(digits, window)
		}
	}
	switch {
	case strings.Contains(strings.Join(words, " "), "change"):
		return `"on change"`
	case first == "once" && window == "":
		return `"once per 30m" or "max 1 times" (a day)`
	case first == "once", first == "hourly", first == "daily", first == "weekly":
		return maxForm("1", window)
	case strings.HasPrefix(first, "every"), strings.HasPrefix(first, "always"), strings.HasPrefix(first, "each"):
		return `"everytime"`
	case strings.HasPrefix(first, "max"), strings.HasPrefix(first, "at"):
		return maxForm("3", window)
	}
	return `"everytime" or "max 3 times" (a day)`
}

func maxForm(digits, window string) string {
	if number(digits) == 0 {
		digits = "1"
	}
	if window == "" || window == "day" {
		return fmt.Sprintf("%q (a day)", "max "+digits+" times")
	}
	return fmt.Sprintf("%q", "max "+digits+" times per "+window)
}

// windowMeant finds a window in the words, as in "hourly" and "3/hour".
func windowMeant(words []string) string {
	if slices.Contains(words, "daily") {
		return "day"
	}
	for _, word := range words {
		for _, name := range windowNames {
			if strings.Contains(word, name) {
				return name
			}
		}
	}
	return ""
}

// pauseMeant finds a duration in the words, as in "every 30m" and "once 2 hours".
func pauseMeant(words []string) (string, bool) {
	for i, word := range words {
		if pause, err := parseDuration(word); err == nil {
			return duration(pause), true
		}
		if isNumber(word) && i+1 < len(words) {
			unit := words[i+1]
			for name, short := range map[string]string{"second": "s", "sec": "s", "minute": "m", "min": "m", "hour": "h", "day": "d"} {
				if pause, err := parseDuration(word + short); err == nil && (unit == name || unit == name+"s") {
					return duration(pause), true
				}
			}
		}
	}
	return "", false
}

// shorten keeps a message about a wrong text readable.
func shorten(text string) string {
	runes := []rune(text)
	if len(runes) <= 60 {
		return text
	}
	return string(runes[:60]) + "…"
}
