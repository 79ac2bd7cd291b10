// Package ratelimit says how often an alarm may be sent: the frequency policies
// and the decision, with its reason. Its rules are pure; who counts what was
// sent, and under which lock, is the caller's affair.
package ratelimit

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Policy is an alarm frequency. The zero value is "everytime". A Policy is a
// value and may be compared and used concurrently.
type Policy struct {
	limited bool
	max     int // a day, with limited
}

// Decision says whether an alarm may be sent, and why not.
type Decision struct {
	Allow  bool
	Reason string // for people; empty with Allow
}

// Parse reads an alarm frequency: "everytime" or "max <n> times", blanks around
// the words, as monitorViewer reads its alarm_frequency. The error of any other
// text names the nearest form that is right.
func Parse(text string) (Policy, error) {
	words := strings.Fields(text)
	switch {
	case len(words) == 1 && words[0] == "everytime":
		return Policy{}, nil
	case len(words) == 3 && words[0] == "max" && isNumber(words[1]) && words[2] == "times":
		return Policy{limited: true, max: number(words[1])}, nil
	}
	if len(words) == 0 {
		return Policy{}, fmt.Errorf("alarm frequency is empty; write %s", nearest(words))
	}
	return Policy{}, fmt.Errorf("%q is no alarm frequency; write %s", shorten(text), nearest(words))
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

// nearest guesses from the words of a wrong frequency what was meant.
func nearest(words []string) string {
	for _, word := range words {
		digits := strings.Trim(word, "+-.,*x")
		if isNumber(digits) {
			return fmt.Sprintf("%q (a day)", "max "+digits+" times")
		}
	}
	first := ""
	if len(words) > 0 {
		first = strings.ToLower(words[0])
	}
	switch {
	case strings.HasPrefix(first, "every"), strings.HasPrefix(first, "always"), strings.HasPrefix(first, "each"):
		return `"everytime"`
	case first == "once":
		return `"max 1 times" (a day)`
	case strings.HasPrefix(first, "max"), strings.HasPrefix(first, "at"):
		return `"max 3 times" (a day)`
	}
	return `"everytime" or "max 3 times" (a day)`
}

// shorten keeps a message about a wrong text readable.
func shorten(text string) string {
	runes := []rune(text)
	if len(runes) <= 60 {
		return text
	}
	return string(runes[:60]) + "…"
}

// String gives the policy in the form that Parse reads.
func (p Policy) String() string {
	if !p.limited {
		return "everytime"
	}
	return fmt.Sprintf("max %d times", p.max)
}

// Limited reports whether a decision depends on what was sent before.
func (p Policy) Limited() bool { return p.limited }

// Spent reports whether so many alarms sent today leave no room for another one
// today, whatever becomes of those that are on their way.
func (p Policy) Spent(sentToday int) bool { return p.limited && sentToday >= p.max }

// Decide says whether one more of the same alarm may be sent, where so many were
// sent today and so many are being sent at this moment.
func (p Policy) Decide(sentToday, inFlight int) Decision {
	if !p.limited || sentToday+inFlight < p.max {
		return Decision{Allow: true}
	}
	reason := fmt.Sprintf("%s a day: %d sent today", p, sentToday)
	if inFlight > 0 {
		reason += fmt.Sprintf(", %d being sent", inFlight)
	}
	return Decision{Reason: reason}
}
