package record

import (
	"crypto/md5" // the key by which monitorViewer counts equal alarms; nothing here is secret
	"encoding/hex"
	"strconv"
	"time"
	"unicode/utf8"
)

// The forms of a record's two time stamps. TimeLayout is monitorViewer's: local
// time, without fractions, which its page cannot read.
const (
	TimeLayout  = "2006-01-02 15:04:05"
	StampLayout = "2006-01-02T15:04:05.000000000-07:00"
	DayLayout   = "20060102"
)

// Day names the file of the day to which a record of time t belongs.
func Day(t time.Time) string { return t.Format(DayLayout) }

// MD5 is the key by which monitorViewer counts equal alarms: the MD5 of the
// receivers, a space, and the message.
func MD5(receivers, message string) string {
	sum := md5.Sum([]byte(receivers + " " + message))
	return hex.EncodeToString(sum[:])
}

// An Encoder builds one line of a day file: one JSON object in the form of
// Python's json.dumps(…, ensure_ascii=False), which is what monitorViewer
// writes. Keys appear in the order of the calls. The zero value is ready.
type Encoder struct{ buf []byte }

// Reset makes the encoder ready for another line, in the memory of the one before.
func (e *Encoder) Reset() { e.buf = e.buf[:0] }

// Line returns the finished object with its line end.
func (e *Encoder) Line() []byte {
	if len(e.buf) == 0 {
		e.buf = append(e.buf, '{')
	}
	return append(e.buf, '}', '\n')
}

// firstLine is room for nearly every record, in bytes: growing a buffer step by step costs
// the first records of a run more than writing them.
const firstLine = 512

func (e *Encoder) key(k string) {
	switch {
	case len(e.buf) > 0:
		e.buf = append(e.buf, ',', ' ')
	case cap(e.buf) == 0:
		e.buf = append(make([]byte, 0, firstLine), '{')
	default:
		e.buf = append(e.buf, '{')
	}
	e.buf = appendQuoted(e.buf, k)
	e.buf = append(e.buf, ':', ' ')
}

// String adds a key with a text.
func (e *Encoder) String(key, value string) *Encoder {
	e.key(key)
	e.buf = appendQuoted(e.buf, value)
	return e
}

// Optional adds a key with a text, or nothing where the text is empty.
func (e *Encoder) Optional(key, value string) *Encoder {
	if value != "" {
		e.String(key, value)
	}
	return e
}

// Time adds a key with a time in a layout that has nothing to be quoted, such as
// TimeLayout and StampLayout.
func (e *Encoder) Time(key string, at time.Time, layout string) *Encoder {
	e.key(key)
	e.buf = append(at.AppendFormat(append(e.buf, '"'), layout), '"')
	return e
}

// Int adds a key with a whole number.
func (e *Encoder) Int(key string, value int64) *Encoder {
	e.key(key)
	e.buf = strconv.AppendInt(e.buf, value, 10)
	return e
}

// Seconds adds a key with a duration in seconds, to the microsecond.
func (e *Encoder) Seconds(key string, value time.Duration) *Encoder {
	e.key(key)
	// Divided once, it is the number nearest to its decimals, which print as they are;
	// the sum that Duration.Seconds makes is not.
	microseconds := value.Round(time.Microsecond) / time.Microsecond
	e.buf = strconv.AppendFloat(e.buf, float64(microseconds)/1e6, 'f', -1, 64)
	return e
}

// Bool adds a key with true or false.
func (e *Encoder) Bool(key string, value bool) *Encoder {
	e.key(key)
	e.buf = strconv.AppendBool(e.buf, value)
	return e
}

// Strings adds a key with a list of texts.
func (e *Encoder) Strings(key string, values []string) *Encoder {
	e.key(key)
	e.buf = append(e.buf, '[')
	for i, v := range values {
		if i > 0 {
			e.buf = append(e.buf, ',', ' ')
		}
		e.buf = appendQuoted(e.buf, v)
	}
	e.buf = append(e.buf, ']')
	return e
}

// Pairs adds a key with an object of texts, in the order given.
func (e *Encoder) Pairs(key string, pairs [][2]string) *Encoder {
	return e.object(key, pairs, appendQuoted)
}

// Numbers adds a key with an object of whole numbers, given as texts.
func (e *Encoder) Numbers(key string, pairs [][2]string) *Encoder {
	return e.object(key, pairs, func(buf []byte, number string) []byte { return append(buf, number...) })
}

func (e *Encoder) object(key string, pairs [][2]string, appendValue func([]byte, string) []byte) *Encoder {
	e.key(key)
	e.buf = append(e.buf, '{')
	for i, p := range pairs {
		if i > 0 {
			e.buf = append(e.buf, ',', ' ')
		}
		e.buf = append(appendQuoted(e.buf, p[0]), ':', ' ')
		e.buf = appendValue(e.buf, p[1])
	}
	e.buf = append(e.buf, '}')
	return e
}

const hexDigits = "0123456789abcdef"

// appendQuoted writes text as Python's json module does with ensure_ascii off:
// only quotes, backslashes and control characters below 0x20 are escaped.
func appendQuoted(buf []byte, text string) []byte {
	buf = append(buf, '"')
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && size == 1 {
				buf = append(append(buf, text[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += size
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		buf = append(buf, text[start:i]...)
		buf = appendEscape(buf, c)
		i++
		start = i
	}
	return append(append(buf, text[start:]...), '"')
}

func appendEscape(buf []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(buf, '\\', c)
	case '\n':
		return append(buf, '\\', 'n')
	case '\r':
		return append(buf, '\\', 'r')
	case '\t':
		return append(buf, '\\', 't')
	case '\b':
		return append(buf, '\\', 'b')
	case '\f':
		return append(buf, '\\', 'f')
	}
	return append(buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
