package record

import (
	"bytes"
	"time"
)

// stamps reads the stamps of records, as they stand in JSON. Those of a file mostly
// are of the same hour and zone as the one before, of which only minutes, seconds and
// their fraction have to be read. It is not safe for concurrent use.
type stamps struct {
	location *time.Location // of what is read
	prefix   []byte         // `"2006-01-02T15:`; empty before the first one
	suffix   []byte         // `Z"` or `+08:00"`
	hour     time.Time      // which these mean
}

// Lengths of the parts of a stamp.
const (
	stampPrefix = len(`"2006-01-02T15:`)
	stampMinute = len(`04:05`)
)

func (s *stamps) parse(quoted []byte) (time.Time, bool) {
	if len(s.prefix) > 0 && len(quoted) >= stampPrefix+stampMinute+len(s.suffix) && bytes.HasPrefix(quoted, s.prefix) && bytes.HasSuffix(quoted, s.suffix) {
		if past, ok := pastHour(quoted[stampPrefix : len(quoted)-len(s.suffix)]); ok {
			return s.hour.Add(past), true
		}
	}
	at, err := time.Parse(time.RFC3339Nano, valueText(quoted))
	if err != nil {
		return time.Time{}, false
	}
	s.keep(quoted, at)
	return at.In(s.location), true
}

// keep makes a stamp the one before, if it is written in the usual form.
func (s *stamps) keep(quoted []byte, at time.Time) {
	s.prefix = nil
	if len(quoted) < stampPrefix+stampMinute || quoted[stampPrefix-1] != ':' {
		return
	}
	zone := bytes.IndexAny(quoted[stampPrefix:], "Z+-")
	if zone < 0 {
		return
	}
	past, ok := pastHour(quoted[stampPrefix : stampPrefix+zone])
	if !ok {
		return
	}
	s.prefix, s.suffix = bytes.Clone(quoted[:stampPrefix]), bytes.Clone(quoted[stampPrefix+zone:])
	s.hour = at.Add(-past).In(s.location)
}

// pastHour reads `04:05` or `04:05.999999999`.
func pastHour(text []byte) (time.Duration, bool) {
	if len(text) < stampMinute || text[2] != ':' || len(text) == stampMinute+1 || len(text) > stampMinute+10 {
		return 0, false
	}
	minute, ok := twoDigits(text[:2])
	second, ok2 := twoDigits(text[3:5])
	if !ok || !ok2 || minute > 59 || second > 59 {
		return 0, false
	}
	past := time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	unit := time.Second
	for i, digit := range text[stampMinute:] {
		if i == 0 {
			if digit != '.' {
				return 0, false
			}
			continue
		}
		if digit < '0' || digit > '9' {
			return 0, false
		}
		unit /= 10
		past += time.Duration(digit-'0') * unit
	}
	return past, true
}

func twoDigits(text []byte) (number int, ok bool) {
	tens, ones := text[0]-'0', text[1]-'0'
	return int(tens)*10 + int(ones), tens <= 9 && ones <= 9
}
