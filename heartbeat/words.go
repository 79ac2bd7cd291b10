package heartbeat

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"time"
)

// errWords is given for words that say nothing certain.
var errWords = errors.New("is neither a crontab's fields nor words that are understood, such as: every 10 minutes, twice a day, every monday 03:00, 每10分钟, 每天一次, 每周一 03:00")

// parseWords reads how people write down how often a script runs: "every 10
// minutes", "once a day", "twice a week", "every weekday at 18:30", "on the 1st
// of each month", "每10分钟", "每天两次", "工作日 9点".
//
// Words that name times make a calendar; a number of times in a period, or the
// length of a period, make a rate.
func parseWords(text string) (rule, error) {
	words, err := splitWords(text)
	if err != nil {
		return nil, err
	}
	p := wordParser{words: words}
	if err := p.parse(); err != nil {
		return nil, err
	}
	return p.rule()
}

// wordKind is what a word, or some characters of Chinese, stands for.
type wordKind int

const (
	wordNumber wordKind = iota
	wordUnit
	wordTimes    // times, x, 次
	wordWeekdays // a set of days of the week
	wordDay      // a day of the month
	wordClock    // a time of day
	wordNight    // night, morning, evening: a day's, at a time that is not said
	wordHalf     // before noon, or after, was said of some time
	wordRange    // to, -, 至
	wordEvery    // every, each, a, per, 每
	wordOther    // as in every other day
	wordNever    // manual
)

// word is one piece of the text. Value is the number, the day, a set of days as
// bits, or minutes since midnight; of a unit it is one of the units below, and of
// wordEvery 1 where it leaves units out in between.
type word struct {
	kind  wordKind
	value int
}

// The units, as the value of a wordUnit.
const (
	unitSecond = iota
	unitMinute
	unitHour
	unitDay
	unitWeek
	unitMonth
	unitYear
)

const (
	workdays   = 1<<time.Monday | 1<<time.Tuesday | 1<<time.Wednesday | 1<<time.Thursday | 1<<time.Friday
	weekend    = 1<<time.Saturday | 1<<time.Sunday
	wholeWeek  = workdays | weekend
	dayMinutes = 24 * 60
)

// wordParser gathers what the words say.
type wordParser struct {
	words []word
	at    int

	never    bool
	count    int // times in a period; 0 for not said
	number   int // of units in the period; 0 for not said
	unit     int // of the period
	hasUnit  bool
	twoUnits bool // that do not go together
	part     bool // of a day: a night, or before noon
	weekdays int
	days     field
	times    []int // minutes since midnight
	from, to int   // hours between which it runs, in minutes; to is 0 for not said
}

func (p *wordParser) peek(ahead int) (word, bool) {
	if p.at+ahead >= len(p.words) {
		return word{}, false
	}
	return p.words[p.at+ahead], true
}

func (p *wordParser) nextIs(kind wordKind) bool {
	w, ok := p.peek(0)
	return ok && w.kind == kind
}

func (p *wordParser) parse() error {
	for p.at < len(p.words) {
		w := p.words[p.at]
		p.at++
		switch w.kind {
		case wordNever:
			p.never = true
		case wordEvery:
		case wordRange:
			// Of a dash between two words of a kind it is not known what is meant.
			if next, ok := p.peek(0); ok && (next.kind == wordNumber || p.at > 1 && p.words[p.at-2].kind == next.kind) {
				return errWords
			}
		case wordHalf:
			p.part = true
		case wordNight:
			p.part = true
			p.setUnit(unitDay)
		case wordOther:
			p.number = 2
		case wordUnit:
			p.setUnit(w.value)
		case wordDay:
			p.days = append(p.days, span{w.value, w.value})
		case wordTimes:
			p.count = max(p.count, 1)
		case wordNumber:
			if err := p.takeNumber(w.value); err != nil {
				return err
			}
		case wordWeekdays:
			p.takeWeekdays(w.value)
		case wordClock:
			p.takeClock(w.value)
		}
	}
	return nil
}

// setUnit is about a unit without a number. Hours and minutes may be those of each
// day: "every 2 hours a day", "每天每小时". Of other units that differ nobody knows
// which one is meant.
func (p *wordParser) setUnit(unit int) {
	switch {
	case !p.hasUnit || p.unit == unitDay && p.number == 0 && p.count == 0 && unit < unitDay:
		p.unit, p.hasUnit = unit, true
	case unit != p.unit && !(p.unit < unitDay && unit == unitDay):
		p.twoUnits = true
	}
}

// takeNumber is about a number and what follows: "3 times", "10 minutes".
func (p *wordParser) takeNumber(value int) error {
	switch next, ok := p.peek(0); {
	case ok && next.kind == wordTimes:
		p.at++
		p.count = value
		if p.nextIs(wordNumber) {
			return errWords // 7x24 is no number of times
		}
	case ok && next.kind == wordUnit:
		if p.at > 1 && p.words[p.at-2] == (word{wordEvery, 1}) && next.value >= unitDay {
			return errWords // 每隔一天 is every other day for some, and each day for others
		}
		p.at++
		if p.hasUnit && p.number == 0 && p.unit == next.value {
			return nil // "daily, 1 day"
		}
		if p.hasUnit && (p.number > 0 || p.count > 0 || p.unit != unitDay || next.value > unitDay) {
			return errWords // "1 hour 30 minutes", "每小时10分"
		}
		p.number, p.unit, p.hasUnit = value, next.value, true
	default:
		return errWords
	}
	if value < 1 {
		return fmt.Errorf("%d is no number of times", value)
	}
	return nil
}

// takeWeekdays is about a set of days, or the first of a range.
func (p *wordParser) takeWeekdays(set int) {
	last, ok := p.peek(1)
	if !p.nextIs(wordRange) || !ok || last.kind != wordWeekdays || bits.OnesCount(uint(set)) != 1 || bits.OnesCount(uint(last.value)) != 1 {
		p.weekdays |= set
		return
	}
	p.at += 2
	for day := bits.TrailingZeros(uint(set)); ; day = (day + 1) % 7 {
		p.weekdays |= 1 << day
		if 1<<day == last.value {
			return
		}
	}
}

// takeClock is about a time of day, or the first of a range.
func (p *wordParser) takeClock(minutes int) {
	last, ok := p.peek(1)
	if p.nextIs(wordRange) && ok && last.kind == wordClock && last.value > minutes {
		p.at += 2
		p.from, p.to = minutes, last.value
		return
	}
	p.times = append(p.times, minutes)
}

// rule makes one of what was said.
func (p *wordParser) rule() (rule, error) {
	onDays := p.weekdays != 0 || len(p.days) > 0
	switch {
	case p.never && !p.hasUnit && !onDays && len(p.times) == 0:
		return unscheduled{}, nil
	case p.never || p.isDoubtful():
		return nil, errWords
	case len(p.times) > 0:
		if p.number > 1 || p.hasUnit && p.unit < unitDay {
			return nil, errWords
		}
		return p.calendar(p.timesOfDay())
	case p.hasUnit && p.unit < unitDay && (onDays || p.to > 0):
		return p.paced()
	case onDays:
		return p.calendar(field{{0, 23}}, field{{0, 59}})
	case p.hasUnit:
		return p.rate()
	}
	return nil, errWords
}

// isDoubtful reports whether the words do not go together, or mean something that
// no rule can say, such as the first Monday of a month.
func (p *wordParser) isDoubtful() bool {
	longUnit := p.hasUnit && p.unit >= unitMonth
	switch {
	case p.weekdays != 0 && len(p.days) > 0:
		return true
	case p.weekdays != 0 && (longUnit || p.hasUnit && p.unit == unitWeek && p.count > 0 && p.count != bits.OnesCount(uint(p.weekdays))):
		return true
	case p.weekdays != 0 && p.count > 1 && p.unit != unitWeek && p.count != len(p.times):
		return true
	case len(p.days) > 0 && p.hasUnit && (p.unit == unitWeek || p.unit == unitYear || p.unit == unitMonth && p.number > 0):
		return true
	case len(p.days) > 0 && p.count > max(len(p.days), len(p.times)):
		return true
	case p.weekdays == 0 && len(p.days) == 0 && (p.twoUnits || len(p.times) > 0 && p.count > 1 && p.count != len(p.times)):
		return true
	case p.part && p.hasUnit && p.unit < unitDay && p.to == 0:
		return true // "every 10 minutes at night"
	}
	// At 9:00 of a night may be 21:00.
	return p.hasNight() && slices.ContainsFunc(p.times, func(minutes int) bool { return minutes >= 5*60 && minutes < 12*60 })
}

func (p *wordParser) hasNight() bool { return slices.Contains(p.words, word{wordNight, 12}) }

// timesOfDay gives the hours and minutes of a calendar. Times of different
// minutes become hours with a window.
func (p *wordParser) timesOfDay() (hours, minutes field) {
	lo, hi := 59, 0
	for _, t := range p.times {
		hours = append(hours, span{t / 60, t / 60})
		lo, hi = min(lo, t%60), max(hi, t%60)
	}
	return normal(hours), field{{lo, hi}}
}

// paced is "every 10 minutes on weekdays" or "every hour from 9 to 18": in each
// such piece of the hours one heartbeat is due.
func (p *wordParser) paced() (rule, error) {
	step := max(p.number, 1)
	if p.unit == unitSecond || p.count > 1 || step > 59 {
		return nil, errWords
	}
	p.number = 0
	hours := span{0, 23}
	if p.to > 0 { // of an hour that is not whole it is not known how often
		hours = span{(p.from + 59) / 60, (p.to+1)/60 - 1}
	}
	var pieces, minutes field
	if p.unit == unitHour {
		minutes = field{{0, 59}}
		for hour := hours.lo; hour+step-1 <= hours.hi; hour += step {
			pieces = append(pieces, span{hour, hour + step - 1})
		}
		return p.calendar(pieces, minutes)
	}
	for hour := hours.lo; hour <= hours.hi; hour++ {
		pieces = append(pieces, span{hour, hour})
	}
	for minute := 0; minute+step <= 60; minute += step {
		minutes = append(minutes, span{minute, minute + step - 1})
	}
	return p.calendar(pieces, minutes)
}

func (p *wordParser) calendar(hours, minutes field) (rule, error) {
	if len(hours) == 0 || len(minutes) == 0 {
		return nil, errWords
	}
	c := &calendar{
		second: field{{0, 0}}, minute: minutes, hour: hours,
		day: eachOf(1, 31), month: eachOf(1, 12), weekday: eachOf(0, 6),
	}
	weekdays := p.weekdays
	switch {
	case len(p.days) > 0:
		c.day = normal(p.days)
	case weekdays == 0 && p.hasUnit && p.unit == unitWeek:
		c.weekday = field{{0, 6}} // some day of the week
		return c, nil
	case weekdays == 0 && p.hasUnit && p.unit == unitMonth:
		c.day = field{{1, 31}}
		return c, nil
	case p.number > 1 || p.hasUnit && p.unit == unitYear:
		return nil, errWords
	}
	if weekdays != 0 {
		c.weekday = nil
		for day := range 7 {
			if weekdays&(1<<day) != 0 {
				c.weekday = append(c.weekday, span{day, day})
			}
		}
	}
	return c, nil
}

// eachOf is all values from lo to hi.
func eachOf(lo, hi int) field {
	var f field
	for value := lo; value <= hi; value++ {
		f = append(f, span{value, value})
	}
	return f
}

// rate is a number of times in a period.
func (p *wordParser) rate() (rule, error) {
	r := rate{count: max(p.count, 1)}
	number := max(p.number, 1)
	switch p.unit {
	case unitSecond:
		r.length = time.Duration(number) * time.Second
	case unitMinute:
		r.length = time.Duration(number) * time.Minute
	case unitHour:
		r.length = time.Duration(number) * time.Hour
	case unitDay:
		r.days = number
	case unitWeek:
		r.days = 7 * number
	case unitMonth:
		r.months = number
	case unitYear:
		r.months = 12 * number
	}
	if r.about()/time.Duration(r.count) < time.Second || r.about() > 10*366*24*time.Hour || r.count > 1000 {
		return nil, errors.New("is more often than once a second, or not once in ten years")
	}
	return r, nil
}
