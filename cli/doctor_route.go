package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mvrun/mvrun/notify"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// explained is what --route tells.
type explained struct {
	Item       string        `json:"item"`
	Time       string        `json:"time"`
	Steps      []notify.Step `json:"steps"`
	Action     string        `json:"action"`
	Until      string        `json:"until,omitempty"`
	Reason     string        `json:"reason,omitempty"`
	Deliveries []explainedTo `json:"deliveries"`
	Receivers  []string      `json:"receivers"`
	Frequency  string        `json:"frequency"`
	Muted      string        `json:"muted,omitempty"`
}

type explainedTo struct {
	Channel string             `json:"channel"`
	To      []notify.Recipient `json:"to"`
	Note    string             `json:"note,omitempty"`
}

// explainRoute says what would become of an alarm.
func (o *doctorOptions) explainRoute(s *session) error {
	const example = "mvrun doctor --route LSF/check_lsf_node_status"
	direction, name, found := strings.Cut(o.route, "/")
	item := record.Item{Direction: direction, Name: name}
	if err := item.Validate(); !found || err != nil {
		return usageError{fmt.Errorf("--route %q is no DIRECTION/ITEM", o.route), example}
	}
	at := time.Now()
	if o.at != "" {
		begin, err := viewer.ParseMoment("at", o.at, at)
		if input, ok := errors.AsType[*viewer.InputError](err); ok {
			return usageError{input, input.Hint}
		}
		at = begin
	}
	s.told = false
	known := s.readConfig(time.Now().Add(viewPatience))
	level := record.LevelAlarm
	if !strings.EqualFold(o.level, string(record.LevelAlarm)) {
		var err error
		if level, err = s.parseLevel(o.level); err != nil {
			return usageError{err, example + " --level Fatal"}
		}
	}
	if _, ok := s.config.Admin(direction); !ok {
		printLine(fmt.Sprintf("mvrun: warning: direction %q is not in valid_direction_dic%s", direction, didYouMean(direction, s.directionNames())))
	}
	s.item = item
	a := &notify.Alarm{
		Direction: direction, Item: name, Level: level, Title: orElse(o.title, name), Message: o.message,
		Receivers: notify.SplitReceivers(orElse(o.receivers, s.admin())), Time: at,
	}
	answer := o.explain(s, a, at)
	if path := s.databasePath(known); path != "" {
		if store, err := s.newStore(path); err == nil {
			mutes, _ := store.Silenced(at)
			for _, mute := range mutes {
				if mute.Covers(item) {
					answer.Muted = mute.String()
				}
			}
		}
	}
	return answer.print(o.json)
}

func (o *doctorOptions) explain(s *session, a *notify.Alarm, at time.Time) explained {
	way := newRouting(s.config, s.adminOf)
	plan := way.router.Plan(a, at)
	answer := explained{
		Item: a.Of().String(), Time: at.Format(record.TimeLayout), Steps: plan.Steps, Action: string(plan.Action), Reason: plan.Reason,
		Receivers: plan.Receivers, Frequency: orElse(plan.Frequency, "the item's"), Deliveries: []explainedTo{},
	}
	if answer.Steps == nil {
		answer.Steps = []notify.Step{}
	}
	if answer.Receivers == nil {
		answer.Receivers = []string{}
	}
	if !plan.Until.IsZero() {
		answer.Until = plan.Until.Format(record.TimeLayout)
	}
	for _, delivery := range plan.Deliveries {
		to, note := way.resolve(a, delivery.Channel, delivery.Receivers)
		if to == nil {
			to = []notify.Recipient{}
		}
		answer.Deliveries = append(answer.Deliveries, explainedTo{delivery.Channel, to, note})
	}
	return answer
}

func (e *explained) print(asJSON bool) error {
	if asJSON {
		data, err := json.Marshal(e)
		if err != nil {
			return statusError{err, 1}
		}
		fmt.Fprintln(os.Stdout, string(data))
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "an alarm of %s at %s:\n", e.Item, e.Time)
	for _, step := range e.Steps {
		verdict := "matches"
		if !step.Matched {
			verdict = "does not match: " + step.Differs
		}
		fmt.Fprintf(&b, "  %s %s\n", step.What, verdict)
	}
	if e.Muted != "" {
		fmt.Fprintf(&b, "is not sent: %s\n", viewer.Printable(e.Muted))
	}
	switch e.Action {
	case string(notify.ActionHold):
		fmt.Fprintf(&b, "is held back until %s (%s), and then sent\n", e.Until, e.Reason)
	case string(notify.ActionDrop):
		fmt.Fprintf(&b, "is not sent (%s)\n", e.Reason)
		_, err := os.Stdout.WriteString(viewer.Visible(b.String()))
		return err
	}
	if len(e.Deliveries) == 0 {
		b.WriteString("cannot be sent: there is neither send_alarm_command nor a channel\n")
	}
	for _, delivery := range e.Deliveries {
		fmt.Fprintf(&b, "  by %s", describe(notify.PlannedDelivery{Channel: delivery.Channel}, delivery.To))
		if delivery.Note != "" {
			b.WriteString(" " + delivery.Note)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "  frequency: %s\n", e.Frequency)
	_, err := os.Stdout.WriteString(viewer.Visible(b.String()))
	return err
}
