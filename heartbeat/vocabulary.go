package heartbeat

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// meaning is a word and what it stands for. The tables are searched from end to
// end: a map would be built at the start of every process.
type meaning struct {
	text  string
	words []word
}

// english are the words that are understood beside numbers and times. A word
// without a meaning of its own has nil.
var english = [...]meaning{
	{"every", []word{{wordEvery, 0}}}, {"each", []word{{wordEvery, 0}}}, {"per", []word{{wordEvery, 0}}}, {"a", []word{{wordEvery, 0}}}, {"an", []word{{wordEvery, 0}}}, {"any", []word{{wordEvery, 0}}},
	{"other", []word{{wordOther, 0}}}, {"to", []word{{wordRange, 0}}}, {"until", []word{{wordRange, 0}}}, {"till", []word{{wordRange, 0}}}, {"through", []word{{wordRange, 0}}},
	{"once", []word{{wordNumber, 1}, {wordTimes, 0}}}, {"twice", []word{{wordNumber, 2}, {wordTimes, 0}}}, {"thrice", []word{{wordNumber, 3}, {wordTimes, 0}}},
	{"time", []word{{wordTimes, 0}}}, {"times", []word{{wordTimes, 0}}}, {"x", []word{{wordTimes, 0}}},
	{"one", []word{{wordNumber, 1}}}, {"two", []word{{wordNumber, 2}}}, {"three", []word{{wordNumber, 3}}}, {"four", []word{{wordNumber, 4}}}, {"five", []word{{wordNumber, 5}}}, {"six", []word{{wordNumber, 6}}},
	{"seven", []word{{wordNumber, 7}}}, {"eight", []word{{wordNumber, 8}}}, {"nine", []word{{wordNumber, 9}}}, {"ten", []word{{wordNumber, 10}}}, {"fifteen", []word{{wordNumber, 15}}},
	{"twenty", []word{{wordNumber, 20}}}, {"thirty", []word{{wordNumber, 30}}},
	{"s", []word{{wordUnit, unitSecond}}}, {"sec", []word{{wordUnit, unitSecond}}}, {"second", []word{{wordUnit, unitSecond}}},
	{"m", []word{{wordUnit, unitMinute}}}, {"min", []word{{wordUnit, unitMinute}}}, {"minute", []word{{wordUnit, unitMinute}}}, {"minutely", []word{{wordUnit, unitMinute}}},
	{"h", []word{{wordUnit, unitHour}}}, {"hr", []word{{wordUnit, unitHour}}}, {"hour", []word{{wordUnit, unitHour}}}, {"hourly", []word{{wordUnit, unitHour}}},
	{"d", []word{{wordUnit, unitDay}}}, {"day", []word{{wordUnit, unitDay}}}, {"daily", []word{{wordUnit, unitDay}}}, {"night", []word{{wordNight, 12}}}, {"nightly", []word{{wordNight, 12}}},
	{"morning", []word{{wordNight, 0}}}, {"evening", []word{{wordNight, 12}}},
	{"w", []word{{wordUnit, unitWeek}}}, {"week", []word{{wordUnit, unitWeek}}}, {"weekly", []word{{wordUnit, unitWeek}}},
	{"month", []word{{wordUnit, unitMonth}}}, {"monthly", []word{{wordUnit, unitMonth}}}, {"mon.", []word{{wordWeekdays, 1 << time.Monday}}},
	{"year", []word{{wordUnit, unitYear}}}, {"yearly", []word{{wordUnit, unitYear}}}, {"annually", []word{{wordUnit, unitYear}}},
	{"weekday", []word{{wordWeekdays, workdays}}}, {"workday", []word{{wordWeekdays, workdays}}}, {"weekend", []word{{wordWeekdays, weekend}}},
	{"noon", []word{{wordClock, 12 * 60}}}, {"midday", []word{{wordClock, 12 * 60}}}, {"midnight", []word{{wordClock, 0}}},
	{"am", []word{{wordHalf, halfMorning}}}, {"pm", []word{{wordHalf, halfAfternoon}}},
	{"manual", []word{{wordNever, 0}}}, {"manually", []word{{wordNever, 0}}}, {"on-demand", []word{{wordNever, 0}}}, {"ondemand", []word{{wordNever, 0}}}, {"demand", []word{{wordNever, 0}}}, {"never", []word{{wordNever, 0}}},
	{"at", nil}, {"on", nil}, {"in", nil}, {"of", nil}, {"the", nil}, {"and", nil}, {"run", nil}, {"runs", nil}, {"from", nil}, {"between", nil}, {"about", nil}, {"around", nil}, {"o'clock", nil}, {"only", nil},
}

// The parts of a day, as the value of a wordHalf.
const (
	halfMorning = iota
	halfDawn
	halfNoon
	halfAfternoon
	halfEvening
)

// inHalf is the hour of 24 that a time of day is in, said with a part of the day.
func inHalf(half, hour int) int {
	switch {
	case hour == 12 && (half == halfDawn || half == halfEvening):
		return 0
	case hour > 0 && hour < 12 && (half == halfAfternoon || half == halfNoon && hour < 6 || half == halfEvening && hour > 4):
		return hour + 12
	}
	return hour
}

var weekdayNames = [...]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// chinese are the characters that are understood beside numbers and times, the
// longer ones first where one begins with another.
var chinese = [...]meaning{
	{"每隔", []word{{wordEvery, 1}}}, {"每", []word{{wordEvery, 0}}}, {"隔天", []word{{wordNumber, 2}, {wordUnit, unitDay}}}, {"间隔", nil},
	{"半个小时", []word{{wordNumber, 30}, {wordUnit, unitMinute}}}, {"半小时", []word{{wordNumber, 30}, {wordUnit, unitMinute}}},
	{"刻钟", []word{{wordNumber, 15}, {wordUnit, unitMinute}}}, {"秒钟", []word{{wordUnit, unitSecond}}}, {"秒", []word{{wordUnit, unitSecond}}},
	{"分钟", []word{{wordUnit, unitMinute}}}, {"分", []word{{wordUnit, unitMinute}}}, {"小时", []word{{wordUnit, unitHour}}}, {"钟头", []word{{wordUnit, unitHour}}},
	{"工作日", []word{{wordWeekdays, workdays}}}, {"周末", []word{{wordWeekdays, weekend}}},
	{"周", []word{{wordUnit, unitWeek}}}, {"星期", []word{{wordUnit, unitWeek}}}, {"礼拜", []word{{wordUnit, unitWeek}}},
	{"天", []word{{wordUnit, unitDay}}}, {"日", []word{{wordUnit, unitDay}}}, {"晚上", []word{{wordHalf, halfEvening}}}, {"晚", []word{{wordNight, 12}}}, {"夜里", []word{{wordHalf, halfEvening}}}, {"夜", []word{{wordNight, 12}}},
	{"月", []word{{wordUnit, unitMonth}}}, {"年", []word{{wordUnit, unitYear}}}, {"次", []word{{wordTimes, 0}}}, {"遍", []word{{wordTimes, 0}}},
	{"凌晨", []word{{wordHalf, halfDawn}}}, {"早上", []word{{wordHalf, halfMorning}}}, {"早晨", []word{{wordHalf, halfMorning}}}, {"上午", []word{{wordHalf, halfMorning}}}, {"中午", []word{{wordHalf, halfNoon}}}, {"下午", []word{{wordHalf, halfAfternoon}}}, {"傍晚", []word{{wordHalf, halfAfternoon}}},
	{"午夜", []word{{wordClock, 0}}}, {"零点", []word{{wordClock, 0}}}, {"正午", []word{{wordClock, 12 * 60}}},
	{"至", []word{{wordRange, 0}}}, {"到", []word{{wordRange, 0}}}, {"～", []word{{wordRange, 0}}}, {"手动", []word{{wordNever, 0}}}, {"手工", []word{{wordNever, 0}}}, {"按需", []word{{wordNever, 0}}}, {"不定期", []word{{wordNever, 0}}},
	{"运行", nil}, {"执行", nil}, {"检查", nil}, {"跑", nil}, {"左右", nil}, {"的", nil}, {"在", nil}, {"个", nil}, {"整", nil}, {"定时", nil}, {"于", nil}, {"各", nil}, {"和", nil}, {"、", nil}, {"，", nil}, {"。", nil}, {"：", nil},
}

const (
	chineseDigits   = "零一二三四五六七八九"
	chineseWeekdays = "日一二三四五六"
)

// splitWords takes a text apart into what its words stand for.
func splitWords(text string) ([]word, error) {
	s := wordScanner{rest: strings.NewReplacer("a.m.", "am", "p.m.", "pm").Replace(strings.ToLower(narrow(text)))}
	for s.rest != "" {
		if !s.scan() {
			return nil, errWords
		}
	}
	if s.said {
		s.words = append(s.words, word{wordHalf, 0})
	}
	if len(s.words) == 0 || len(s.words) > 100 {
		return nil, errWords
	}
	return s.words, nil
}

// narrow makes ASCII of the wide forms of letters, digits and signs.
func narrow(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '　':
			return ' '
		}
		return r
	}, text)
}

type wordScanner struct {
	rest  string
	words []word
	half  int  // of the day, by the words before a time
	said  bool // half is
	// between is set where the next "and" stands for "to".
	between bool
}

func (s *wordScanner) scan() bool {
	if rest := strings.TrimLeft(s.rest, " \t\n,;.+&"); rest != s.rest {
		s.rest = rest
		return true
	}
	if strings.HasPrefix(s.rest, "-") || strings.HasPrefix(s.rest, "~") {
		s.rest = s.rest[1:]
		s.words = append(s.words, word{wordRange, 0})
		return true
	}
	return s.chineseWeekday() || s.number() || s.chineseWord() || s.englishWord()
}

// take appends what a piece of text stands for. Before noon and after it belong
// to the times that follow in Chinese, and to the one before in English.
func (s *wordScanner) take(words ...word) bool {
	for _, w := range words {
		if w.kind == wordHalf {
			s.half, s.said = w.value, true
			continue
		}
		s.words = append(s.words, w)
	}
	return true
}

// chineseWeekday reads 周一 and 星期天, and 周一三五.
func (s *wordScanner) chineseWeekday() bool {
	for _, name := range [...]string{"周", "星期", "礼拜"} {
		rest, ok := strings.CutPrefix(s.rest, name)
		if !ok {
			continue
		}
		set := 0
		for rest != "" {
			r := []rune(rest[:min(len(rest), 4)])[0]
			day := strings.IndexRune(chineseWeekdays, r)
			if r == '天' && set != 0 {
				return false // 每周五天 is not Friday and Sunday
			}
			if r == '天' || r == '七' {
				day = 0
			} else if day >= 0 {
				day /= len("日")
			}
			if day < 0 || strings.HasPrefix(rest[len(string(r)):], "次") {
				break
			}
			set |= 1 << day
			rest = strings.TrimPrefix(rest[len(string(r)):], "、")
		}
		if set == 0 {
			return false
		}
		s.rest = rest
		return s.take(word{wordWeekdays, set})
	}
	return false
}

// number reads a number, which may be the hour of a time of day or the day of a
// month.
func (s *wordScanner) number() bool {
	value, rest, ok := cutNumber(s.rest)
	if !ok {
		return false
	}
	if minutes, behind, ok := s.clock(value, rest); ok {
		s.rest = behind
		return s.take(word{wordClock, minutes})
	}
	for _, ending := range [...]string{"st", "nd", "rd", "th", "号", "日"} {
		behind, ok := strings.CutPrefix(rest, ending)
		if !ok || value < 1 || value > 31 || ending == "日" && !s.afterMonth() {
			continue
		}
		if len(ending) == len("th") && countsOn(behind) {
			return false
		}
		s.rest = behind
		return s.take(word{wordDay, value})
	}
	s.rest = rest
	return s.take(word{wordNumber, value})
}

// countsOn reports whether an ordinal is that of what follows, as in every 2nd day
// and on the 1st Monday, rather than a day of the month.
func countsOn(behind string) bool {
	name, rest := cutName(strings.TrimLeft(behind, " -"))
	words, _ := lookup(name)
	if len(words) != 1 || words[0].kind != wordUnit && words[0].kind != wordWeekdays {
		return false
	}
	return name != "day" || !strings.HasPrefix(rest, " of")
}

// cutName takes a word of English off the beginning.
func cutName(text string) (name, rest string) {
	end := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' || r > 127 })
	if end < 0 {
		end = len(text)
	}
	return text[:end], text[end:]
}

// afterMonth tells 每月15日 from 每15日.
func (s *wordScanner) afterMonth() bool {
	last := len(s.words) - 1
	return last >= 0 && (s.words[last] == word{wordUnit, unitMonth} || s.words[last].kind == wordDay)
}

// clock reads 03:00, 3am, 3:30pm, 9点, 9点半, 9时30分 behind the hour.
func (s *wordScanner) clock(hour int, rest string) (minutes int, behind string, ok bool) {
	minute := 0
	switch {
	case strings.HasPrefix(rest, ":"):
		value, after, isNumber := cutNumber(rest[1:])
		if !isNumber {
			return 0, "", false
		}
		minute, rest = value, after
		if seconds, found := strings.CutPrefix(rest, ":"); found { // of a time with seconds
			if _, after, isNumber := cutNumber(seconds); isNumber {
				rest = after
			}
		}
	case strings.HasPrefix(rest, "点") || strings.HasPrefix(rest, "时"):
		rest = strings.TrimPrefix(rest[len("点"):], "钟")
		if after, half := strings.CutPrefix(rest, "半"); half {
			minute, rest = 30, after
		} else if value, after, isNumber := cutNumber(rest); isNumber && strings.HasPrefix(after, "分") && !strings.HasPrefix(after, "分钟") {
			minute, rest = value, after[len("分"):]
		}
	default:
		trimmed := strings.TrimLeft(rest, " ")
		if !strings.HasPrefix(trimmed, "am") && !strings.HasPrefix(trimmed, "pm") && !strings.HasPrefix(trimmed, "o'clock") {
			return 0, "", false
		}
	}
	trimmed := strings.TrimLeft(rest, " ")
	switch {
	case strings.HasPrefix(trimmed, "am"):
		hour, rest = hour%12, trimmed[2:]
	case strings.HasPrefix(trimmed, "pm"):
		hour, rest = hour%12+12, trimmed[2:]
	case s.said:
		hour = inHalf(s.half, hour)
	}
	if hour == 24 && minute == 0 {
		hour = 0
	}
	return hour*60 + minute, rest, hour < 24 && minute < 60
}

// cutNumber reads digits, or a number below a hundred in Chinese.
func cutNumber(text string) (value int, rest string, ok bool) {
	end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(text)
	}
	if end > 0 {
		value, err := strconv.Atoi(text[:min(end, 7)])
		return value, text[end:], err == nil && end <= 6
	}
	tens, found := 0, false
	for i, r := range text {
		at := strings.IndexRune(chineseDigits, r)
		if r == '两' {
			at = 2 * len("零")
		}
		switch {
		case i > 0 && at >= 0 && !strings.HasSuffix(text[:i], "十"):
			return 0, "", false // 一两次 is once or twice
		case r == '十':
			tens, value = max(value, 1)*10, 0
		case at >= 0:
			value = at / len("零")
		default:
			return tens + value, text[i:], found
		}
		found = true
	}
	return tens + value, "", found
}

func (s *wordScanner) chineseWord() bool {
	for _, entry := range chinese {
		if rest, ok := strings.CutPrefix(s.rest, entry.text); ok {
			s.rest = rest
			return s.take(entry.words...)
		}
	}
	return false
}

func (s *wordScanner) englishWord() bool {
	name, rest := cutName(s.rest)
	next, behind := cutName(strings.TrimLeft(rest, " -"))
	switch name {
	case "working", "business", "work", "week":
		if next == "day" || next == "days" {
			s.rest = behind
			return s.take(word{wordWeekdays, workdays})
		}
	case "second":
		if words, _ := lookup(next); len(words) == 1 && words[0].kind == wordUnit {
			s.rest = rest
			return s.take(word{wordOther, 0})
		}
	case "between":
		s.rest, s.between = rest, true
		return true
	case "and":
		s.rest = rest
		if s.between {
			s.between = false
			return s.take(word{wordRange, 0})
		}
		return true
	}
	if strings.HasPrefix(s.rest, "on-demand") {
		name = "on-demand"
	}
	if len(name) == 0 {
		return false
	}
	words, ok := lookup(name)
	if !ok {
		return false
	}
	s.rest = s.rest[len(name):]
	return s.take(words...)
}

// lookup knows a word also in the plural, and the days of the week in short.
func lookup(name string) ([]word, bool) {
	singular := name
	if len(name) > 2 { // ms is none of m
		singular = strings.TrimSuffix(name, "s")
	}
	for _, entry := range english {
		if entry.text == name || entry.text == singular {
			return entry.words, true
		}
	}
	for day, full := range weekdayNames {
		if name == full || singular == full || len(name) >= 3 && len(name) <= 5 && strings.HasPrefix(full, name) {
			return []word{{wordWeekdays, 1 << day}}, true
		}
	}
	return nil, false
}
