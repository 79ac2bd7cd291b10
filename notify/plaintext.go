package notify

import (
	"net/netip"
	"slices"
	"strings"
	"unicode"
)

// plainText reduces a message to what stays the same when only its values
// change: numbers with their units, dates and times, hexadecimal numbers, UUIDs,
// addresses, and the parts of paths that have digits in them become one mark.
// Names in which digits stand, such as n232-133-016 and lic01, stay: another
// node is another alarm.
func plainText(message string) string {
	var words []string
	for _, field := range strings.Fields(strings.Map(narrowDigit, message)) {
		head, core, tail := trimMarks(field)
		word := head + maskWord(core) + tail
		if last := len(words) - 1; last >= 0 && endsMasked(words[last]) {
			if continuesValue(word) {
				words[last] += tail
				continue
			}
		}
		words = append(words, word)
	}
	return strings.Join(foldDates(words), " ")
}

const valueMark = "#"

// narrowDigit makes ASCII of the digits that are as wide as Chinese.
func narrowDigit(r rune) rune {
	if r >= '０' && r <= '９' {
		return r - '０' + '0'
	}
	return r
}

// marks are what may stand around a word without being part of it.
const marks = "()[]{}<>\"'`,;!?.:|。，；：、（）【】《》“”！？"

func trimMarks(field string) (head, core, tail string) {
	core = strings.TrimLeft(field, marks)
	if strings.Contains(core, "]:") && strings.HasSuffix(field[:len(field)-len(core)], "[") {
		core = field[len(field)-len(core)-1:] // [fe80::1]:22
	}
	head = field[:len(field)-len(core)]
	core = strings.TrimRight(core, marks)
	return head, core, field[len(head)+len(core):]
}

// endsMasked reports whether a word is a value with nothing after it.
func endsMasked(word string) bool { return strings.HasSuffix(word, valueMark) }

// continuesValue reports whether a word belongs to the value before it: its
// unit, or one more value, as in "Nov 26 10:00:00" and "load 0.1 0.2 0.3".
func continuesValue(word string) bool {
	_, core, _ := trimMarks(word)
	return core == valueMark || isUnit(core)
}

// maskWord masks a word without the marks around it.
func maskWord(word string) string {
	if strings.IndexFunc(word, isDigit) < 0 && !isCardAddress(word) {
		return word
	}
	if isValue(word) {
		return valueMark
	}
	for _, r := range word {
		if r > unicode.MaxASCII && unicode.IsLetter(r) {
			return maskRuns(word) // no blanks between words and numbers, as in Chinese
		}
	}
	if name, value, found := strings.Cut(word, "="); found {
		return maskWord(name) + "=" + maskWord(strings.Trim(value, marks))
	}
	if strings.Contains(word, "/") {
		return maskPath(word)
	}
	if name, number, found := cutLast(word, ":[(<"); found && isValue(number) {
		return maskWord(name) + ":" + valueMark // a line, a port, a process
	}
	return word
}

func cutLast(word, separators string) (before, after string, found bool) {
	i := strings.LastIndexAny(word, separators)
	if i < 1 {
		return word, "", false
	}
	return word[:i], word[i+1:], true
}

// maskPath masks the parts of a path or an address of the web.
func maskPath(word string) string {
	parts := strings.Split(word, "/")
	for i, part := range parts {
		if strings.IndexFunc(part, isDigit) >= 0 {
			parts[i] = valueMark
		}
	}
	return strings.Join(parts, "/")
}

// maskRuns masks the numbers in a word that has other letters right beside them.
func maskRuns(word string) string {
	var b strings.Builder
	inNumber := false
	for _, r := range word {
		switch {
		case isDigit(r):
			if !inNumber {
				b.WriteString(valueMark)
			}
			inNumber = true
		case inNumber && strings.ContainsRune(".,:%", r):
		default:
			inNumber = false
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isValue reports whether a word is a value as a whole.
func isValue(word string) bool {
	return word != "" && (isNumber(word) || isMoment(word) || isHex(word) || isUUID(word) || isAddress(word))
}

// isNumber reports whether a word is a number, perhaps with a sign, separators,
// an exponent or a unit: 93.1, -3, 1,234, 1.2e-5, 12GB, 300ms, 3/4, 85%, #5, $7.
func isNumber(word string) bool {
	rest := strings.TrimLeft(word, "+-~≈#$€£¥￥")
	digits := strings.TrimLeft(rest, "0123456789.,")
	if len(digits) == len(rest) {
		return false
	}
	unit := digits
	if exponent := strings.TrimLeft(unit, "eE"); len(exponent) == len(unit)-1 {
		if power := strings.TrimLeft(exponent, "+-"); power != "" && strings.Trim(power, "0123456789") == "" {
			return true
		}
	}
	if part, found := strings.CutPrefix(unit, "/"); found && part != "" && strings.Trim(part, "0123456789.,") == "" {
		return true
	}
	return unit == "" || isUnit(unit) || isSpan(word)
}

// isSpan reports whether a word is a time span such as 1h23m or 2d4h.
func isSpan(word string) bool {
	return strings.Trim(word, "0123456789.dhmsuµn") == "" && word[0] >= '0' && word[0] <= '9' && !isDigit(rune(word[len(word)-1]))
}

// isMoment reports whether a word is a date or a time: digits and what stands
// between them.
func isMoment(word string) bool {
	if !isDigit(rune(word[0])) || strings.Trim(word, "0123456789-/:.,TZ+") != "" {
		return false
	}
	return strings.ContainsAny(word, ":-/")
}

// isHex reports whether a word is a number of base 16: 0x7ffe, or seven digits
// or more of which one at least is none of a word, such as a commit.
func isHex(word string) bool {
	if rest, found := strings.CutPrefix(strings.ToLower(word), "0x"); found {
		return rest != "" && strings.Trim(rest, hexDigits) == ""
	}
	return len(word) >= 7 && strings.Trim(strings.ToLower(word), hexDigits) == ""
}

const hexDigits = "0123456789abcdef"

// isUUID reports whether a word has the form of RFC 9562.
func isUUID(word string) bool {
	if len(word) != 36 {
		return false
	}
	for i, c := range strings.ToLower(word) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && !strings.ContainsRune(hexDigits, c) {
			return false
		}
	}
	return true
}

// isAddress reports whether a word is an address of the Internet, with or
// without port or length, or one of a network card.
func isAddress(word string) bool {
	if _, err := netip.ParseAddr(word); err == nil {
		return true
	}
	if _, err := netip.ParseAddrPort(word); err == nil {
		return true
	}
	if _, err := netip.ParsePrefix(word); err == nil {
		return true
	}
	return isCardAddress(word)
}

// isCardAddress reports whether a word is the address of a network card, in six parts
// or, as Cisco writes it, in three.
func isCardAddress(word string) bool {
	for _, form := range [...]struct {
		separator   string
		parts, size int
	}{{":", 6, 2}, {"-", 6, 2}, {".", 3, 4}} {
		if len(word) != form.parts*(form.size+1)-1 {
			continue
		}
		parts := strings.Split(strings.ToLower(word), form.separator)
		odd := func(part string) bool { return len(part) != form.size || strings.Trim(part, hexDigits) != "" }
		if len(parts) == form.parts && !slices.ContainsFunc(parts, odd) {
			return true
		}
	}
	return false
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

// units are what stands behind a number, in small letters.
var units = [...]string{
	"%", "percent", "°c", "°f", "°", "c", "f", "x",
	"b", "byte", "bytes", "k", "m", "g", "t", "p", "kb", "mb", "gb", "tb", "pb", "kib", "mib", "gib", "tib", "pib", "ki", "mi", "gi", "ti",
	"kbps", "mbps", "gbps", "kb/s", "mb/s", "gb/s", "kib/s", "mib/s", "gib/s", "b/s", "iops", "inodes", "blocks", "pages",
	"ns", "us", "µs", "ms", "s", "sec", "secs", "second", "seconds", "min", "mins", "minute", "minutes",
	"h", "hr", "hrs", "hour", "hours", "d", "day", "days", "w", "week", "weeks", "month", "months", "year", "years",
	"hz", "khz", "mhz", "ghz", "v", "mv", "a", "ma", "w", "kw", "rpm", "am", "pm", "utc", "cst", "gmt",
}

func isUnit(word string) bool {
	word = strings.ToLower(word)
	for _, unit := range units {
		if word == unit {
			return true
		}
	}
	return false
}

// foldDates takes the names of days and months before a value into it, as in
// "Thu Nov 26 10:00:00 2026".
func foldDates(words []string) []string {
	folded := words[:0]
	for _, word := range words {
		if endsMasked(word) || continuesValue(word) {
			for len(folded) > 0 && isDateName(folded[len(folded)-1]) {
				folded = folded[:len(folded)-1]
			}
		}
		folded = append(folded, word)
	}
	return folded
}

func isDateName(word string) bool {
	_, core, _ := trimMarks(word)
	if len(core) < 3 {
		return false
	}
	core = strings.ToLower(core)
	for _, name := range [...]string{
		"january", "february", "march", "april", "june", "july", "august", "september", "october", "november", "december",
		"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
	} {
		if core == name || core == name[:3] {
			return true
		}
	}
	return core == "may"
}
