package record

import (
	"regexp"
	"slices"
	"strings"
)

// Rule makes records of lines that have no prefix. The groups level, message,
// title and receivers of its pattern say what the record has; without a message
// group, or where that is empty, the text is the whole line.
//
// A line that has a prefix as well keeps its text, and takes the rule's level
// if that is more severe. A line that a rule fits begins a record even if it is
// indented.
type Rule struct {
	Pattern *regexp.Regexp // RE2; sees a line without colour codes, at most 64 KiB of it
	Level   Level          // where there is no level group, or none that can be read; Info if empty
}

// rule is a Rule with the places of its groups; -1 where it has none.
type rule struct {
	pattern   *regexp.Regexp
	fallback  Level
	level     int
	message   int
	title     int
	receivers int
}

func compileRules(rules []Rule) []rule {
	var compiled []rule
	for _, r := range rules {
		if r.Pattern == nil {
			continue
		}
		if r.Level == "" {
			r.Level = LevelInfo
		}
		group := r.Pattern.SubexpIndex
		compiled = append(compiled, rule{
			pattern: r.Pattern, fallback: r.Level,
			level: group("level"), message: group("message"), title: group("title"), receivers: group("receivers"),
		})
	}
	return compiled
}

// matchRules reads a line by the first rule that fits it.
func (p *Parser) matchRules(line []byte) (header, bool) {
	seen := line[:min(len(line), MaxMessageBytes)]
	for i := range p.rules {
		// Most lines fit no rule; asking for groups only after that is cheaper.
		if r := &p.rules[i]; r.pattern.Match(seen) {
			return r.header(line, seen, p.levels), true
		}
	}
	return header{}, false
}

func (r *rule) header(line, seen []byte, levels []Level) header {
	at := r.pattern.FindSubmatchIndex(seen)
	group := func(n int) []byte {
		if n < 0 || at[2*n] < 0 {
			return nil
		}
		return seen[at[2*n]:at[2*n+1]]
	}
	head := header{
		level: levelNamed(string(group(r.level)), r.fallback, levels), text: line,
		title: boundedString(group(r.title)), receivers: joinReceivers(boundedString(group(r.receivers))),
	}
	if message := group(r.message); len(message) > 0 {
		head.text = message
	}
	return head
}

func boundedString(text []byte) string {
	if len(text) > maxAttribute {
		text = trimPartialRune(text[:maxAttribute])
	}
	return validString(text)
}

// levelNamed reads the words that programs use for levels, and the config's own,
// in any case.
func levelNamed(word string, fallback Level, own []Level) Level {
	if level := keywordLevel([]byte(strings.ToUpper(word))); level != "" {
		return level
	}
	for _, level := range own {
		if strings.EqualFold(word, string(level)) {
			return level
		}
	}
	return fallback
}

// severer compares two levels by the config's order where that has both.
func (p *Parser) severer(one, other Level) bool {
	first, second := slices.Index(p.levels, one), slices.Index(p.levels, other)
	if first < 0 || second < 0 {
		first, second = severity(one), severity(other)
	}
	return first > second
}

// severity orders the built-in levels; an alarm stands above all.
func severity(level Level) int {
	if level == LevelAlarm {
		return len(Levels)
	}
	return slices.Index(Levels, level)
}
