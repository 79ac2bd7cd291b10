package notify

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mvrun/mvrun/record"
)

// plain is an alarm as a chat shows it: the title, the message as it is, and
// where it comes from.
func (d *Delivery) plain() (title, body string) {
	a := d.Alarm
	body = a.Message
	if d.Note != "" {
		body += "\n" + d.Note
	}
	return a.Title, body + "\n" + strings.Join(d.origin(), " · ")
}

// origin says where an alarm comes from.
func (d *Delivery) origin() []string {
	a := d.Alarm
	parts := []string{a.Of().String()}
	if host := strings.TrimSpace(a.Hostname + " " + a.Host); host != "" {
		parts = append(parts, host)
	}
	parts = append(parts, a.Time.Local().Format(record.TimeLayout))
	if a.Run != "" {
		parts = append(parts, "run "+a.Run)
	}
	if a.BuildURL != "" {
		parts = append(parts, a.BuildURL)
	}
	return parts
}

// addresses are those of the recipients who have one.
func (d *Delivery) addresses() []string {
	var list []string
	for _, to := range d.To {
		if to.Address != "" {
			list = append(list, to.Address)
		}
	}
	return list
}

// isPhone tells a number from an account.
func isPhone(address string) bool {
	return address != "" && strings.Trim(strings.TrimPrefix(address, "+"), "0123456789") == "" && len(address) >= 7
}

// fit shortens a text until it is accepted: its head and its tail stay, and a
// mark says how much is left out. accept must accept the shortest of all.
func fit(text string, accept func(string) bool) string {
	text = strings.ReplaceAll(text, "\x00", "")
	if accept(text) {
		return text
	}
	low, high := 0, len(text) // bytes kept
	for low < high {
		middle := (low + high + 1) / 2
		if accept(cutMiddle(text, middle)) {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return cutMiddle(text, low)
}

// cutMiddle keeps so many bytes of a text, two thirds of them from its head, on
// rune borders.
func cutMiddle(text string, keep int) string {
	if keep >= len(text) {
		return text
	}
	head := keep * 2 / 3
	for head > 0 && !utf8.RuneStart(text[head]) {
		head--
	}
	tail := len(text) - (keep - keep*2/3)
	for tail < len(text) && !utf8.RuneStart(text[tail]) {
		tail++
	}
	return text[:head] + cutMark(tail-head) + text[tail:]
}

func withinBytes(limit int) func(string) bool {
	return func(text string) bool { return len(text) <= limit }
}

// withinUnits bounds a text as UTF-16 counts it, of which a rune beyond the
// first plane takes two.
func withinUnits(limit int) func(string) bool {
	return func(text string) bool {
		if len(text) <= limit {
			return true
		}
		units := 0
		for _, r := range text {
			units += utf16.RuneLen(r)
		}
		return units <= limit
	}
}
