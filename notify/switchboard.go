package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Switchboard is the Sender that brings an alarm to its channels, all at once. A
// channel that has delivered an alarm, or has refused it for good, is left out when
// the alarm is tried again for the sake of another one.
type Switchboard struct {
	// Plan decides the way of an alarm that has none yet; required.
	Plan func(a *Alarm, now time.Time) Plan
	// Channel finds or makes a channel; required. Its error is what is wrong
	// with the channel's settings, or ErrNoChannel.
	Channel func(name string) (Channel, error)
	// Resolve finds the accounts of receivers on a channel, with a note where
	// somebody else is told instead. nil leaves the names as they are.
	Resolve func(a *Alarm, channel string, receivers []string) ([]Recipient, string)
	Now     func() time.Time // nil means time.Now

	mu   sync.Mutex
	down map[string]time.Time // channels that did not answer, until when
}

// ErrNoChannel is given for a channel that the config does not have, or not any
// more. An alarm of which all channels are gone takes a new way.
var ErrNoChannel = errors.New("is not in the config")

// downTime is how long a channel that did not answer is left alone: each attempt
// may last as long as a sender may, and more alarms may wait behind.
const downTime = 30 * time.Second

// Send delivers an alarm to all channels that have not done so yet, and notes in
// it those that have, and those that refuse it for good.
func (s *Switchboard) Send(ctx context.Context, a *Alarm) error {
	deliveries := a.Deliveries
	if !slices.ContainsFunc(deliveries, func(planned PlannedDelivery) bool { return slices.Contains(a.Done, planned.Channel) || s.has(planned) }) {
		deliveries = s.Plan(a, s.now()).Deliveries
	}
	var open []PlannedDelivery
	for _, delivery := range deliveries {
		if !slices.Contains(a.Done, delivery.Channel) {
			open = append(open, delivery)
		}
	}
	if len(deliveries) == 0 {
		return &DeliveryError{Problem: "no channel is configured to send it by"}
	}
	failures := make([]error, len(open))
	var wait sync.WaitGroup
	for i, delivery := range open {
		if known := a.refusal(delivery.Channel); known != nil {
			failures[i] = &DeliveryError{Problem: known.Problem, Permanent: true, Unsent: true}
			continue
		}
		copied := *a
		wait.Go(func() { failures[i] = s.deliver(ctx, &copied, delivery) })
	}
	wait.Wait()
	done := slices.Clone(a.Done)
	a.Refused = refusals(open, failures)
	for i, delivery := range open {
		if failures[i] == nil {
			done = append(done, delivery.Channel)
			continue
		}
		for _, name := range failureOf(failures[i]).Reached {
			done = append(done, reached(delivery.Channel, name))
		}
	}
	delivered := len(done) > len(a.Done)
	a.Done = done
	err := joinFailures(open, failures)
	if failure, ok := errors.AsType[*DeliveryError](err); ok && delivered {
		failure.Unsent = false // an attempt, of which a part succeeded
	}
	return err
}

// refusal is why a channel has refused an alarm for good; nil where it has not.
func (a *Alarm) refusal(channel string) *Refusal {
	if i := slices.IndexFunc(a.Refused, func(r Refusal) bool { return r.Channel == channel }); i >= 0 {
		return &a.Refused[i]
	}
	return nil
}

func refusals(open []PlannedDelivery, failures []error) (refused []Refusal) {
	for i, err := range failures {
		if err != nil && failureOf(err).Permanent {
			refused = append(refused, Refusal{open[i].Channel, err.Error()})
		}
	}
	return refused
}

// reached is the note that one of several recipients has got an alarm.
func reached(channel, receiver string) string { return channel + " to " + receiver }

// has reports whether there still is the channel of a delivery.
func (s *Switchboard) has(planned PlannedDelivery) bool {
	_, err := s.Channel(planned.Channel)
	return !errors.Is(err, ErrNoChannel)
}

func (s *Switchboard) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// deliver brings an alarm to one channel.
func (s *Switchboard) deliver(ctx context.Context, a *Alarm, planned PlannedDelivery) error {
	if wait := s.downFor(planned.Channel); wait > 0 {
		return &DeliveryError{Problem: "did not answer a moment ago", Unsent: true, Wait: wait}
	}
	channel, err := s.Channel(planned.Channel)
	if err != nil {
		return err
	}
	delivery := &Delivery{Alarm: a}
	if s.Resolve != nil {
		delivery.To, delivery.Note = s.Resolve(a, planned.Channel, planned.Receivers)
	} else {
		for _, name := range planned.Receivers {
			delivery.To = append(delivery.To, Recipient{Name: name})
		}
	}
	delivery.To = slices.DeleteFunc(delivery.To, func(to Recipient) bool { return slices.Contains(a.Done, reached(planned.Channel, to.Name)) })
	err = channel.Deliver(ctx, delivery)
	if failure, ok := errors.AsType[*DeliveryError](err); ok && failure.Unreachable {
		s.setDown(planned.Channel)
	}
	return err
}

func (s *Switchboard) downFor(channel string) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.down[channel].Sub(s.now())
}

func (s *Switchboard) setDown(channel string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down == nil {
		s.down = map[string]time.Time{}
	}
	s.down[channel] = s.now().Add(downTime)
}

// joinFailures makes one error of those of several channels. It is permanent,
// or no attempt, where that is true of each.
func joinFailures(open []PlannedDelivery, failures []error) error {
	var joined *DeliveryError
	var problems []string
	refused := refusals(open, failures)
	waits := false
	for i, err := range failures {
		if err == nil {
			continue
		}
		failure := failureOf(err)
		if joined == nil {
			joined = &DeliveryError{Permanent: true, Unsent: true, Unreachable: true}
		}
		joined.Permanent = joined.Permanent && failure.Permanent
		joined.Unsent = joined.Unsent && failure.Unsent
		joined.Unreachable = joined.Unreachable && failure.Unreachable
		if !failure.Permanent && (!waits || failure.Wait < joined.Wait) {
			joined.Wait, waits = failure.Wait, true
		}
		problem := err.Error()
		if open[i].Channel != CommandChannel {
			problem = fmt.Sprintf("%s: %s", open[i].Channel, problem)
		}
		if failure.Permanent && len(refused) < len(open)-countNil(failures) {
			problem += " (not tried again)"
		}
		problems = append(problems, problem)
	}
	if joined == nil {
		return nil
	}
	joined.Problem = strings.Join(problems, "; ")
	return joined
}

// countNil is how many channels have delivered.
func countNil(failures []error) (n int) {
	for _, err := range failures {
		if err == nil {
			n++
		}
	}
	return n
}

// CommandChannel is the name of the channel that is the site's own
// send_alarm_command.
const CommandChannel = "command"

// Deliver makes a channel of a command. The note stands below the message.
func (c *Command) Deliver(ctx context.Context, d *Delivery) error {
	a := *d.Alarm
	a.Receivers = nil
	for _, to := range d.To {
		a.Receivers = append(a.Receivers, to.Name)
	}
	if d.Note != "" {
		a.Message += "\n" + d.Note
	}
	return c.Send(ctx, &a)
}
