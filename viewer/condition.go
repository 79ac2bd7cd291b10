package viewer

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/mvrun/mvrun/record"
)

// Condition is a filter on one column of a listing.
type Condition struct {
	column   column
	operator string
	text     string // in lower case
	number   float64
	isNumber bool
}

// operators are what a condition may begin with, longer ones before what they
// begin with.
var operators = [...]string{"!=", "<=", ">=", "=", "<", ">", "!"}

// ParseCondition reads what a person asks of a column: that its text, in any case,
// holds one, or with an operator before it, that it does not (!), that it is it (=)
// or not (!=), or that it is less or more (< <= > >=): as a number or a duration
// where both are, else in the order of the alphabet, which is also that of times.
// The error is an *InputError.
func ParseCondition(kind record.Kind, name, text string) (Condition, error) {
	column, ok := columnNamed(kind, name)
	if !ok {
		return Condition{}, &InputError{"column", name, fmt.Sprintf("is no column of %s", kind), "one of " + list(ColumnNames(kind))}
	}
	c := Condition{column: column, text: strings.TrimSpace(text)}
	for _, operator := range operators {
		if rest, ok := strings.CutPrefix(c.text, operator); ok {
			c.operator, c.text = operator, strings.TrimSpace(rest)
			break
		}
	}
	if c.text == "" && c.operator != "=" && c.operator != "!=" {
		return c, &InputError{name, text, "compares with nothing", "text, !text, =text, !=text, <10, >=10; = alone is what is empty"}
	}
	c.text = strings.ToLower(c.text)
	c.number, c.isNumber = numberOf(c.text)
	return c, nil
}

// holds reports whether an entry is as the condition says.
func (c *Condition) holds(e *entry) bool {
	raw := c.column.value(e)
	text := raw
	if c.column.shown != nil {
		text = c.column.shown(raw)
	}
	text = strings.ToLower(text)
	switch c.operator {
	case "":
		return strings.Contains(text, c.text)
	case "!":
		return !strings.Contains(text, c.text)
	}
	order := strings.Compare(text, c.text)
	if number, ok := numberOf(raw); ok && c.isNumber {
		switch {
		case number < c.number:
			order = -1
		case number > c.number:
			order = 1
		default:
			order = 0
		}
	}
	return orderIs(c.operator, order) && (raw != "" || strings.Contains(c.operator, "="))
}

func orderIs(operator string, order int) bool {
	switch operator {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// numberOf reads a number, or a duration as its seconds.
func numberOf(text string) (float64, bool) {
	digits := strings.TrimLeft(text, "-.")
	if digits == "" || digits[0] < '0' || digits[0] > '9' {
		return 0, false // no Inf, no NaN
	}
	if number, err := strconv.ParseFloat(text, 64); err == nil {
		return number, true
	}
	if duration, err := time.ParseDuration(text); err == nil {
		return duration.Seconds(), true
	}
	return 0, false
}

// holdAll reports whether an entry is as all conditions say.
func holdAll(conditions []Condition, e *entry) bool {
	for i := range conditions {
		if !conditions[i].holds(e) {
			return false
		}
	}
	return true
}

// namePattern is a pattern of the names that can be as the conditions on a column of
// names say; "" where there is none. It spares the reading of other items.
func namePattern(conditions []Condition, title string) string {
	for _, c := range conditions {
		if c.column.title != title || c.operator != "" && c.operator != "=" {
			continue
		}
		var pattern strings.Builder
		for _, r := range c.text {
			upper, lower := unicode.ToUpper(r), unicode.ToLower(r)
			switch {
			case upper != lower && r < unicode.MaxASCII:
				pattern.WriteString("[" + string(upper) + string(lower) + "]")
			case unicode.IsDigit(r) && r < unicode.MaxASCII || r == '_':
				pattern.WriteRune(r)
			default:
				pattern.WriteByte('?')
			}
		}
		if c.operator == "=" {
			return pattern.String()
		}
		return "*" + pattern.String() + "*"
	}
	return ""
}
