package cli

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mvrun/mvrun/notify"
	"github.com/mvrun/mvrun/ratelimit"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// alarmDesk turns messages into alarms for the dispatcher. What the run was not
// told, receivers and frequency, it takes from what the item remembers; alarms
// that come before that was read wait for it, for a moment.
type alarmDesk struct {
	session    *session
	counts     *counts
	supervisor *runner.Supervisor

	mu         sync.Mutex
	dispatcher *notify.Dispatcher // nil before it is needed
	receivers  string
	frequency  string
	ready      bool
	waiting    []raised
	timer      *time.Timer
	drained    bool // nothing is sent any more
}

// raised is a message that is an alarm, and what it tells.
type raised struct {
	record.Message
	kind  notify.Kind
	about *record.Item // another item that it tells of
}

// Bounds of the desk's waits: for what the item remembers, since a message must
// be on disk 300 ms after it was printed, of which it may have been open for
// 250; and for results that go into the run record, which most senders need less for.
const (
	rememberWait = 40 * time.Millisecond
	settleWait   = 500 * time.Millisecond
)

func newAlarmDesk(s *session, c *counts, supervisor *runner.Supervisor) *alarmDesk {
	return &alarmDesk{
		session: s, counts: c, supervisor: supervisor,
		receivers: orElse(s.options.receivers, s.admin()), frequency: s.options.alarmFrequency,
	}
}

// remembered tells the desk the item's settings, merged with what the run was
// told.
func (d *alarmDesk) remembered(settings record.ItemSettings) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.receivers = orElse(settings[record.KeyAlarmReceivers], d.receivers)
	d.frequency = orElse(settings[record.KeyAlarmFrequency], d.frequency)
	d.begin()
}

// noMoreSettings tells the desk that what it knows is all that it will know.
func (d *alarmDesk) noMoreSettings() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.begin()
}

// begin raises what has waited. The caller holds d.mu.
func (d *alarmDesk) begin() {
	if d.ready {
		return
	}
	d.ready = true
	if d.timer != nil {
		d.timer.Stop()
	}
	for _, m := range d.waiting {
		d.dispatch(m)
	}
	d.waiting = nil
}

// raise takes a message of the job that is an alarm. Where alarms come faster than the
// disks take them it waits, as long as the session's budget lets it.
func (d *alarmDesk) raise(m record.Message) { d.raiseKind(m, "") }

// failureKey makes all alarms for the failing of an item the same one: their
// texts tell of different runs.
const failureKey = "failure"

// raiseKind is raise for what mvrun has to tell.
func (d *alarmDesk) raiseKind(message record.Message, kind notify.Kind) {
	if kind == notify.KindFailure || kind == notify.KindReminder {
		message.Key = failureKey
	}
	m := raised{Message: message, kind: kind}
	d.counts.alarm()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ready {
		d.dispatch(m)
		return
	}
	d.waiting = append(d.waiting, m)
	if d.timer == nil {
		d.timer = time.AfterFunc(rememberWait, d.noMoreSettings)
	}
}

// raiseAbout raises an alarm about another item than the one that records it.
func (d *alarmDesk) raiseAbout(item record.Item, message record.Message, kind notify.Kind) {
	d.noMoreSettings()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dispatch(raised{Message: message, kind: kind, about: &item})
}

// drops reports whether an alarm about another item would be held back for good.
func (d *alarmDesk) drops(item record.Item, message record.Message, kind notify.Kind) bool {
	d.noMoreSettings()
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open().Drops(d.alarm(raised{Message: message, kind: kind, about: &item}))
}

// suppress records an alarm that is held back before it is raised.
func (d *alarmDesk) suppress(message record.Message, kind notify.Kind, hold notify.Hold) {
	d.noMoreSettings()
	d.counts.alarm()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open().Suppress(d.alarm(raised{Message: message, kind: kind}), hold)
}

// dispatch hands an alarm to the dispatcher. The caller holds d.mu.
func (d *alarmDesk) dispatch(m raised) { d.open().Raise(d.alarm(m)) }

// alarm makes an alarm of a message. The caller holds d.mu.
func (d *alarmDesk) alarm(m raised) notify.Alarm {
	s := d.session
	return notify.Alarm{
		Time: m.Time, Direction: s.item.Direction, Item: s.item.Name, Level: m.Level,
		Title: orElse(m.Title, orElse(s.options.title, s.item.Name)), Message: m.Text,
		Receivers: notify.SplitReceivers(orElse(m.Receivers, d.receivers)),
		Frequency: orElse(m.Frequency, d.frequency), Key: m.Key, Kind: m.kind, About: m.about,
		Run: s.run, Parent: s.parent, Host: s.origin.address, Hostname: s.origin.hostname,
		Script: s.origin.script, Startup: s.origin.startup, BuildURL: s.origin.buildURL,
	}
}

// open makes the dispatcher at its first use: most runs raise no alarm. The
// caller holds d.mu.
func (d *alarmDesk) open() *notify.Dispatcher {
	if d.dispatcher != nil {
		return d.dispatcher
	}
	s := d.session
	way := newRouting(s.config, s.adminOf)
	options := way.options(notify.Options{
		Store: s.store, Recorder: recorder{s}, Spool: s.spoolAlarm, Mask: s.masker.Mask, Warn: s.warn, WarnTrouble: s.warnOfDatabase,
		Starved: record.Starved, Budget: &s.budget, Receivers: s.receiversOf,
	}, d.supervisor)
	if options.Sender == nil {
		options.Unable = s.configTrouble
	}
	d.dispatcher = notify.New(options)
	return d.dispatcher
}

// receiversOf are those that an item's alarms go to where nothing else is said.
func (s *session) receiversOf(item record.Item) []string {
	settings, _ := s.store.ReadItem(item)
	receivers := settings[record.KeyAlarmReceivers]
	if newMerging(s, settings).filledIn(record.KeyAlarmReceivers) {
		receivers = orElse(s.config.Defaults["receivers"], orElse(s.adminOf(item.Direction), receivers))
	}
	return notify.SplitReceivers(orElse(receivers, s.adminOf(item.Direction)))
}

// sendLeft sends what other runs have left in the outbox, beside the job. It
// begins nothing that nobody would wait for, and makes no dispatcher where there
// is nothing to send.
func (d *alarmDesk) sendLeft() {
	if waits, err := notify.Waits(d.session.store); err != nil || !waits {
		return
	}
	d.mu.Lock()
	if d.drained {
		d.mu.Unlock()
		return
	}
	dispatcher := d.open()
	d.mu.Unlock()
	_, _ = dispatcher.FlushPending(false)
}

// placed waits until what was raised is on a disk, at most this long.
func (d *alarmDesk) placed(wait time.Duration) bool {
	d.mu.Lock()
	dispatcher := d.dispatcher
	d.mu.Unlock()
	return dispatcher == nil || dispatcher.Placed(wait)
}

// flush sends what waits in the outbox: all of it, also what is not due or was
// refused for good, where somebody asks for that, else what is due.
func (d *alarmDesk) flush(stop context.Context, wait time.Duration, asked bool) (notify.Report, error) {
	d.mu.Lock()
	dispatcher := d.open()
	d.mu.Unlock()
	take := dispatcher.FlushDue
	if asked {
		take = func() (int, error) { return dispatcher.FlushPending(true) }
	}
	_, err := take()
	return d.drain(stop, wait), err
}

// settle gives alarms that are on their way a moment, so that the run record
// can count them.
func (d *alarmDesk) settle() {
	d.noMoreSettings()
	d.mu.Lock()
	dispatcher := d.dispatcher
	d.mu.Unlock()
	if dispatcher == nil || d.counts.raised() == 0 {
		return
	}
	report := dispatcher.Settle(min(settleWait, d.session.config.SendWait))
	d.counts.mu.Lock()
	defer d.counts.mu.Unlock()
	d.counts.sent, d.counts.held = int64(report.Own.Sent), int64(report.Own.Suppressed)
}

// tells waits until it is known whether somebody is told of what was raised, at
// most this long; see notify.Dispatcher.Tells.
func (d *alarmDesk) tells(wait time.Duration) (bool, notify.Hold) {
	d.noMoreSettings()
	d.mu.Lock()
	dispatcher := d.dispatcher
	d.mu.Unlock()
	if dispatcher == nil {
		return false, notify.Hold{}
	}
	return dispatcher.Tells(wait)
}

// bounded gives a frequency that keeps alarms for the failing of an item from
// coming with each run: that of the item, where it is one.
func (d *alarmDesk) bounded() string {
	d.noMoreSettings()
	d.mu.Lock()
	defer d.mu.Unlock()
	if policy, err := ratelimit.Parse(d.frequency); err == nil && policy.Lasting() {
		return d.frequency
	}
	return "max 1 times"
}

// drain waits for the senders, at most this long and until stop ends, and leaves the
// rest to a later process. What could be left nowhere is recorded.
func (d *alarmDesk) drain(stop context.Context, wait time.Duration) (report notify.Report) {
	d.noMoreSettings()
	d.mu.Lock()
	d.drained = true
	dispatcher := d.dispatcher
	d.mu.Unlock()
	if dispatcher == nil {
		return report
	}
	defer context.AfterFunc(stop, dispatcher.Stop)()
	report = dispatcher.Drain(wait)
	if lost := report.Own.Lost; lost > 0 {
		d.session.log(record.LevelWarning, fmt.Sprintf("mvrun: %d alarms are lost: they found room neither in the outbox nor in the spool", lost), time.Now())
	}
	return report
}

// recorder gives alarm records to the run's writer.
type recorder struct{ session *session }

func (r recorder) Record(item record.Item, kind record.Kind, t time.Time, line []byte) {
	r.session.writer.Put(record.Entry{Item: item, Kind: kind, Day: record.Day(t), Line: string(line)})
}

// spoolAlarm keeps an alarm that the database does not take.
func (s *session) spoolAlarm(entry record.Entry) error {
	_, err := s.spool.Append([]record.Entry{entry})
	return err
}

// executor runs the site's command through the supervisor, which alone may
// start and reap children of this process.
type executor struct{ supervisor *runner.Supervisor }

func (e executor) Exec(ctx context.Context, argv, env []string, stdin []byte, maxOutput int) (int, []byte, error) {
	result, err := e.supervisor.Exec(ctx, runner.ExecRequest{Args: argv, Env: env, Stdin: stdin, MaxOutput: maxOutput})
	if err == nil && result.TimedOut {
		err = errors.New("was stopped")
	}
	return result.ExitCode, result.Output, err
}
