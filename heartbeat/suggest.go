package heartbeat

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// BeginsLikeWords reports whether a text begins as schedules in words do, so that
// somebody meant one, whether or not it is understood.
func BeginsLikeWords(text string) bool {
	text = strings.ToLower(strings.TrimSpace(narrow(text)))
	for _, begin := range [...]string{"每", "隔天", "工作日"} {
		if strings.HasPrefix(text, begin) {
			return true
		}
	}
	first, _ := cutName(text)
	return slices.Contains(beginnings[:], first)
}

// beginnings are the first words of schedules in English.
var beginnings = [...]string{"every", "each", "once", "twice", "thrice", "minutely", "hourly", "daily", "nightly", "weekly", "monthly", "yearly", "annually"}

// NearestBeginning gives the schedule that words are but for a misspelt first one, of
// which nearest, the caller's, knows the nearest; "" for other words.
func NearestBeginning(text string, nearest func(word string, known []string) string) string {
	first, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	if BeginsLikeWords(first) {
		return ""
	}
	begin := nearest(first, beginnings[:])
	if begin == "" {
		return ""
	}
	near := strings.TrimSpace(begin + " " + rest)
	if !isSchedule(near) {
		return ""
	}
	return near
}

// maxSuggested bounds what is corrected: the job waits for it.
const maxSuggested = 200

// NearestWords gives the nearest schedule to words that are none: with the words
// that are misspelt as nearest, the caller's, knows them, and with the last time of
// day for one that no day has; "" where that is none either.
func NearestWords(text string, nearest func(word string, known []string) string) string {
	if len(text) > maxSuggested {
		return ""
	}
	made := mapNames(narrow(text), func(name string) string {
		if _, known := lookup(name); known || len(name) < 3 {
			return name
		}
		if near := nearest(name, vocabulary()); near != "" {
			return near
		}
		return name
	})
	made = anyClock().ReplaceAllStringFunc(made, lastClock)
	if isSchedule(made) {
		return made
	}
	// In Chinese, one character too many or a wrong one at the end of a word.
	runes := []rune(made)
	for i := len(runes) - 1; i >= 0; i-- {
		if without := string(runes[:i]) + string(runes[i+1:]); unicode.Is(unicode.Han, runes[i]) && isSchedule(without) {
			return without
		}
	}
	return ""
}

func isSchedule(text string) bool {
	_, err := Parse(text)
	return err == nil
}

// mapNames changes the words of English in a text, which are given in small
// letters.
func mapNames(text string, change func(name string) string) string {
	var made strings.Builder
	for text != "" {
		name, rest := cutName(text)
		if name != "" {
			made.WriteString(change(strings.ToLower(name)))
			text = rest
			continue
		}
		end := strings.IndexFunc(text, func(r rune) bool { return r < 128 && unicode.IsLetter(r) || r == '\'' })
		if end < 0 {
			end = len(text)
		}
		made.WriteString(text[:end])
		text = text[end:]
	}
	return made.String()
}

// vocabulary lists the words of English, in the plural first, as they are used most
// behind a number.
func vocabulary() []string {
	var known []string
	for _, entry := range english {
		if len(entry.words) == 1 && entry.words[0].kind == wordUnit && len(entry.text) > 2 && !strings.HasSuffix(entry.text, "ly") {
			known = append(known, entry.text+"s")
		}
	}
	for _, entry := range english {
		known = append(known, entry.text)
	}
	return append(known, weekdayNames[:]...)
}

// anyClock matches times of day, and what cannot be one.
func anyClock() *regexp.Regexp { return regexp.MustCompile(`\b\d{1,2}:\d{2}\b`) }

// lastClock is a time of day, or the nearest that is one.
func lastClock(text string) string {
	hours, minutes, _ := strings.Cut(text, ":")
	hour, _ := strconv.Atoi(hours)
	minute, _ := strconv.Atoi(minutes)
	if hour < 24 && minute < 60 || hour == 24 && minute == 0 {
		return text
	}
	return fmt.Sprintf("%02d:%02d", min(hour, 23), min(minute, 59))
}
