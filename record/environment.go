package record

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"slices"
	"strconv"
	"strings"
)

// Keys of a run record that tell two runs apart: the first sixteen hexadecimal
// digits of the script's SHA-256, and the environment, see EnvironmentDigest.
const (
	KeyScriptSum      = "script_sha256"
	KeyEnvironment    = "env"
	KeyEnvironmentKey = "env_key"
	KeyEnvironmentCut = "env_left_out" // how many names found no room
	KeyEnvironmentSum = "env_sum"      // the same for runs of an item with the same of all that
)

// Bounds of what a run record says of an environment, in bytes of names, and of one
// name.
const (
	maxEnvironmentBytes = 4 << 10
	maxNameOfVariable   = 128
)

// EnvironmentDigest is what is recorded of an environment, so that somebody can see
// which variables were there, and which had other values, when a run failed.
//
// No value can be found out of it. A digest is 16 bits of an HMAC-SHA256 over the
// item, the name and the value, under a random key that only the user of the run can
// read (.mvrun/key/<uid>): without the key nothing can be tried, and with it one in
// 65536 guesses fits, so that a secret is not told from its guesses. Values of two
// names, or of two items, cannot be compared at all. One changed value in 65536 goes
// unnoticed.
type EnvironmentDigest struct {
	Key   string      // names the key; "" where there is none: then digests are empty
	Pairs [][2]string // name and digest, sorted by name
	Cut   int         // names beyond 4 KiB, the last of the alphabet
	Sum   string      // tells digests of an item apart; "" for one that is not known
	// Kept says that it stands in the record of another run of the item, see
	// Store.KeptEnvironment: most jobs always have the same one.
	Kept bool
}

// sumUp gives the sum of a digest that is complete.
func (d *EnvironmentDigest) sumUp() string {
	hash := sha256.New()
	for _, pair := range d.Pairs {
		hash.Write([]byte(pair[0] + "=" + pair[1] + "\x00"))
	}
	hash.Write([]byte(d.Key + "\x00" + strconv.Itoa(d.Cut)))
	return hex.EncodeToString(hash.Sum(nil)[:sumBytes])
}

// sumBytes is the length of a sum: of the few environments of an item no two have
// the same one by chance.
const sumBytes = 6

// Encode adds the digest to a run record.
func (d EnvironmentDigest) Encode(e *Encoder) {
	e.Optional(KeyEnvironmentSum, d.Sum)
	if d.Pairs == nil || d.Kept {
		return
	}
	e.Pairs(KeyEnvironment, d.Pairs).Optional(KeyEnvironmentKey, d.Key)
	if d.Cut > 0 {
		e.Int(KeyEnvironmentCut, int64(d.Cut))
	}
}

// DigestEnvironment makes the digest of an environment, given as by os.Environ. With
// an empty key it has names only.
func DigestEnvironment(key []byte, item Item, environ []string) EnvironmentDigest {
	var d EnvironmentDigest
	names := make([]string, 0, len(environ))
	for _, variable := range environ {
		if name, _, ok := strings.Cut(variable, "="); ok && isRecordedName(name) {
			names = append(names, variable)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(nameOfVariable(a), nameOfVariable(b)) })
	digest := newValueDigest(key)
	d.Key = digest.name()
	d.Pairs = make([][2]string, 0, len(names))
	room := maxEnvironmentBytes
	for i, variable := range names {
		name, value, _ := strings.Cut(variable, "=")
		if room -= len(name); room < 0 {
			d.Cut = len(names) - i
			break
		}
		d.Pairs = append(d.Pairs, [2]string{name, digest.of(item, name, value)})
	}
	d.Sum = d.sumUp()
	return d
}

func nameOfVariable(variable string) string {
	name, _, _ := strings.Cut(variable, "=")
	return name
}

// isRecordedName leaves out what is another one for each run, and what is no name.
func isRecordedName(name string) bool {
	switch name {
	case "", "_", "SHLVL", "MVRUN_RUN":
		return false
	}
	return len(name) <= maxNameOfVariable
}

// digestBytes is the length of a digest of a value, and of the name of a key.
const digestBytes = 2

// valueDigest makes digests under one key.
type valueDigest struct {
	mac hash.Hash // nil without a key
	buf []byte
}

func newValueDigest(key []byte) *valueDigest {
	if len(key) == 0 {
		return &valueDigest{}
	}
	return &valueDigest{mac: hmac.New(sha256.New, key)}
}

// name tells a key from others.
func (v *valueDigest) name() string { return v.sum("key") }

func (v *valueDigest) of(item Item, name, value string) string {
	return v.sum("value\x00", item.Direction, "/", item.Name, "\x00", name, "=", value)
}

func (v *valueDigest) sum(parts ...string) string {
	if v.mac == nil {
		return ""
	}
	v.buf = v.buf[:0]
	for _, part := range parts {
		v.buf = append(v.buf, part...)
	}
	v.mac.Reset()
	v.mac.Write(v.buf)
	v.buf = v.mac.Sum(v.buf[:0])
	return hex.EncodeToString(v.buf[:digestBytes])
}
