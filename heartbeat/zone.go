package heartbeat

import (
	"encoding/binary"
	"regexp"
	"strings"
	"sync"
	"time"
)

// LoadZone is time.LoadLocation, which knows names and files alone, and takes the
// rules that POSIX lets TZ hold as well: CST-8, EST5EDT,M3.2.0,M11.1.0, <+0530>-5:30.
func LoadZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err == nil {
		return zone, nil
	}
	if zone := zoneOfRules(name); zone != nil {
		return zone, nil
	}
	return nil, err
}

// posixZone is TZ in the form of POSIX (XBD 8.3), with the names in <> and the
// hours beyond 24 in rules that later issues have added. Without it, "Nowhere-1/2"
// would be a zone.
var posixZone = sync.OnceValue(func() *regexp.Regexp {
	const (
		name   = `([A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)`
		offset = `[+-]?([0-9]|[01][0-9]|2[0-4])(:[0-5]?[0-9]){0,2}`
		day    = `(M([1-9]|0[1-9]|1[0-2])\.[1-5]\.[0-6]|J?[0-9]{1,3})(/[+-]?[0-9]{1,3}(:[0-5]?[0-9]){0,2})?`
	)
	return regexp.MustCompile(`^` + name + offset + `(` + name + `(` + offset + `)?(,` + day + `,` + day + `)?)?$`)
})

// unread is how the only type of a zone is called that its rules go before.
const unread = "?"

// zoneOfRules makes a zone of rules; nil where the text is none. The time package
// reads rules at the end of a zone's file (RFC 9636, 3.3), so they are given to it
// in one that has no more than has to be in it.
func zoneOfRules(rules string) *time.Location {
	if !posixZone().MatchString(rules) {
		return nil
	}
	zone, err := time.LoadLocationFromTZData(rules, zoneFile(rules))
	if err != nil {
		return nil
	}
	if name, _ := time.Unix(0, 0).In(zone).Zone(); name == unread {
		return nil // a rule that the time package does not take, such as the day J999
	}
	return zone
}

// zoneFile is a file of version 2 with a single type of local time and no
// transitions: the block of version 1, the same again, and the rules.
func zoneFile(rules string) []byte {
	header := append([]byte("TZif2"), make([]byte, 15)...)
	for _, count := range [...]uint32{0, 0, 0, 0, 1, uint32(len(unread) + 1)} { // the last two: types, and bytes of their names
		header = binary.BigEndian.AppendUint32(header, count)
	}
	block := string(header) + strings.Repeat("\x00", 6) + unread + "\x00" // the type: offset 0, no summer time, name at 0
	return []byte(block + block + "\n" + rules + "\n")
}
