package heartbeat

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/mvrun/mvrun/record"
)

// SurveyOptions are what a survey needs beside the database.
type SurveyOptions struct {
	Now   time.Time // its location is the zone of this host
	Rules Rules
	// Retired and Mutes are those in force.
	Retired, Mutes []record.Mute
	// Failing are the items whose last run failed.
	Failing map[record.Item]record.Failing
	// Close records the ends of runs of this host whose mvrun is gone; nil where
	// that is not wanted. It reports whether there were any.
	Close func(record.Item) bool
	// ThisHost is the name of this host.
	ThisHost string
	// Learn finds the schedule of every item, also of those of which nothing can be
	// due yet.
	Learn bool
}

// MaxLearned is the number of items up to which it pays to learn the schedule of
// every one; see SurveyOptions.Learn.
const MaxLearned = 2000

// ReadOptions reads what a survey needs of the database as a whole. Where something
// cannot be read, the rest is given beside the error.
func ReadOptions(store *record.Store, now time.Time) (SurveyOptions, error) {
	o := SurveyOptions{Now: now}
	var retiredErr, muteErr, failingErr error
	o.Retired, retiredErr = store.Retired()
	o.Mutes, muteErr = store.Mutes(now)
	o.Failing, failingErr = store.AllFailing()
	return o, errors.Join(retiredErr, muteErr, failingErr)
}

// Surveyor reads what the rules need to know of items, and judges them. It is not
// safe for concurrent use; several may be used at once.
type Surveyor struct {
	store     *record.Store
	files     *record.Survey
	options   SurveyOptions
	recent    []string // the names of the days on which a heartbeat is news, newest first
	schedules map[string]*Schedule
	texts     map[string]string // that many items share
	line      []byte            // a copy of a line that may turn out to be the wanted one
	self      func() record.Process
}

// Bytes that are read of the end of a file: for the last heartbeats, for learning,
// and for the last runs, whose records are longer.
const (
	tailBytes  = 2 << 10
	learnBytes = 64 << 10
	runBytes   = 2 << 10
)

// NewSurveyor prepares a survey of a database.
func NewSurveyor(store *record.Store, o SurveyOptions) (*Surveyor, error) {
	files, err := store.Survey()
	if err != nil {
		return nil, err
	}
	s := &Surveyor{
		store: store, files: files, options: o, schedules: map[string]*Schedule{}, texts: map[string]string{},
		self: sync.OnceValue(record.Self),
	}
	today := record.Day(o.Now)
	// It may be tomorrow already on another host.
	if ahead := record.Day(o.Now.In(time.FixedZone("", 14*3600))); ahead > today {
		s.recent = append(s.recent, ahead)
	}
	s.recent = append(s.recent, today, record.Day(o.Now.AddDate(0, 0, -1)))
	return s, nil
}

// Days lists the days of which an item has heartbeats, the newest first.
func (s *Surveyor) Days(item record.Item) ([]string, error) {
	return s.files.Days(item, record.Heartbeat)
}

// ErrNoItem is given for a folder that has neither settings nor records.
var ErrNoItem = errors.New("is no item")

// Item judges one item. Beside a verdict, an error says what could not be read.
func (s *Surveyor) Item(item record.Item) (Verdict, error) {
	settings, found, err := s.files.Settings(item)
	beats, readErr := s.newest(item)
	err = errors.Join(err, readErr)
	if !found && len(beats) == 0 && err == nil { // it may have other records, such as those of `mvrun log`
		if found, err = s.files.IsItem(item); !found && err == nil {
			return Verdict{}, ErrNoItem
		}
	}
	f := &Facts{Failing: s.failing(item), Learn: s.options.Learn}
	f.Given, f.Words = s.schedule(settings[record.KeySchedule]), s.schedule(settings[record.KeyExecuteFrequency])
	f.Zone = s.zone(item, beats)
	f.Beats = beatTimes(beats, s.options.Now)
	f.History = func() []time.Time { return beatTimes(s.history(item), s.options.Now) }
	if last := lastOf(beats); last.Run != "" {
		err = errors.Join(err, s.runs(f, item, last))
	}
	v := Judge(f, s.options.Rules, s.options.Now)
	v.Item, v.Beat = item, lastOf(beats)
	v.Admin, v.Startup, v.Script = s.intern(settings[record.KeyDirectionAdmin]), s.intern(settings[record.KeyStartup]), settings[record.KeyScript]
	v.Beat.Hostname, v.Beat.Host, v.Beat.Startup = s.intern(v.Beat.Hostname), s.intern(v.Beat.Host), s.intern(v.Beat.Startup)
	if v.Beat.Script == v.Script {
		v.Beat.Script = v.Script // 100,000 verdicts are kept at once
	}
	if v.Last.IsZero() {
		v.Last = v.Beat.Time
	}
	s.silence(&v)
	return v, err
}

// maxShared bounds the texts that are shared.
const maxShared = 10_000

// intern gives the first of equal texts.
func (s *Surveyor) intern(text string) string {
	if known, ok := s.texts[text]; ok {
		return known
	}
	if len(s.texts) < maxShared {
		s.texts[text] = text
	}
	return text
}

func lastOf(beats []Beat) Beat {
	if len(beats) == 0 {
		return Beat{}
	}
	return beats[len(beats)-1]
}

// silence is about items that nobody wants to hear of.
func (s *Surveyor) silence(v *Verdict) {
	for i := range s.options.Retired {
		if s.options.Retired[i].Covers(v.Item) {
			v.State, v.Mute, v.Problems = Retired, &s.options.Retired[i], nil
			return
		}
	}
	for i := range s.options.Mutes {
		if s.options.Mutes[i].Covers(v.Item) {
			v.State, v.Mute = Muted, &s.options.Mutes[i]
			return
		}
	}
}

func (s *Surveyor) failing(item record.Item) *record.Failing {
	if mark, ok := s.options.Failing[item]; ok {
		return &mark
	}
	return nil
}

// schedule parses a text once. One that is not understood is none: what is wrong
// with it was said when it was given.
func (s *Surveyor) schedule(text string) *Schedule {
	if text == "" {
		return nil
	}
	schedule, known := s.schedules[text]
	if !known {
		schedule, _ = Parse(text)
		s.schedules[text] = schedule
	}
	return schedule
}

// newest gives the heartbeats at the end of the newest days that have any, until
// some are not manual.
func (s *Surveyor) newest(item record.Item) ([]Beat, error) {
	var beats []Beat
	for _, day := range s.recent {
		var err error
		if beats, err = s.day(item, day, tailBytes, beats); err != nil {
			return beats, err
		}
		if expected(beats) > 2 {
			return beats, nil
		}
	}
	if expected(beats) > 0 {
		return beats, nil
	}
	days, err := s.files.Days(item, record.Heartbeat)
	days = slices.DeleteFunc(days, func(day string) bool { return day >= s.recent[len(s.recent)-1] })
	// The runs by hand may be those of somebody who does what has stopped.
	for _, day := range days[:min(len(days), learnFiles)] {
		if beats, err = s.day(item, day, tailBytes, beats); err != nil || expected(beats) > 0 {
			break
		}
	}
	return beats, err
}

// expected counts the heartbeats that raise an expectation.
func expected(beats []Beat) (n int) {
	for _, beat := range beats {
		if beat.Startup != manual {
			n++
		}
	}
	return n
}

// maxManualBytes bounds what is read of a day on which an item is run by hand again
// and again.
const maxManualBytes = 1 << 20

// day puts the heartbeats of a day in front of those of later days. Where all at the
// end of the day are manual, more of it is read: one before may be expected.
func (s *Surveyor) day(item record.Item, day string, most int, after []Beat) ([]Beat, error) {
	for {
		beats, read, err := s.tail(item, day, most, after)
		if ofDay := beats[:len(beats)-len(after)]; err != nil || read < most/2 || most >= maxManualBytes || len(ofDay) == 0 || expected(ofDay) > 0 {
			return beats, err
		}
		most = min(8*most, maxManualBytes)
	}
}

// tail is about at least so many bytes at the end of a day; read is how many had a
// heartbeat.
func (s *Surveyor) tail(item record.Item, day string, most int, after []Beat) (beats []Beat, read int, err error) {
	beats = make([]Beat, 0, 8+len(after))
	s.line = s.line[:0]
	err = s.files.Tail(item, record.Heartbeat, day, most, func(line []byte) {
		if beat, ok := parseBeat(line, s.options.Now.Location()); ok {
			beats = append(beats, beat)
			read += len(line)
			s.line = append(s.line[:0], line...)
		}
	})
	if len(after) == 0 && len(beats) > 0 {
		beats[len(beats)-1].complete(s.line)
	}
	return append(beats, after...), read, err
}

// Bounds of what is learned from.
const (
	learnDays  = 36
	learnBeats = 1500
	learnFiles = 120
)

// history gives the heartbeats to learn from: those of the last weeks, or, where
// these are few, of the last files.
func (s *Surveyor) history(item record.Item) []Beat {
	days, err := s.files.Days(item, record.Heartbeat)
	if err != nil {
		return nil
	}
	oldest := record.Day(s.options.Now.AddDate(0, 0, -learnDays))
	recent := slices.IndexFunc(days, func(day string) bool { return day < oldest })
	if recent < 0 {
		recent = len(days)
	}
	beats := s.days(item, days[:recent], nil)
	if expected(beats) < 2*MinBeats {
		beats = s.days(item, days[recent:min(len(days), learnFiles)], beats)
	}
	return beats
}

// days reads the heartbeats of days, the newest first, as far as they are needed.
func (s *Surveyor) days(item record.Item, days []string, beats []Beat) []Beat {
	for _, day := range days {
		beats, _ = s.day(item, day, learnBytes, beats)
		if len(beats) >= learnBeats && spanOf(beats) >= 15*24*time.Hour {
			break
		}
	}
	return beats
}

func spanOf(beats []Beat) time.Duration {
	if len(beats) == 0 {
		return 0
	}
	return beats[len(beats)-1].Time.Sub(beats[0].Time)
}

// zone is that of the host on which the item runs. Where a heartbeat has the
// offset of this host's zone, it is this one.
func (s *Surveyor) zone(item record.Item, beats []Beat) *time.Location {
	local := s.options.Now.Location()
	for i := len(beats) - 1; i >= 0; i-- {
		beat := beats[i]
		if beat.Startup == manual || !beat.Offset {
			continue
		}
		_, offset := beat.Time.Zone()
		if _, here := beat.Time.In(local).Zone(); offset == here {
			return local
		}
		if started, err := s.store.Started(item); err == nil {
			if zone, err := LoadZone(started.Zone); err == nil && started.Zone != "" {
				return zone
			}
		}
		return time.FixedZone("", offset)
	}
	return local
}
