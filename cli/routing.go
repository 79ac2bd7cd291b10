package cli

import (
	"fmt"
	"io"
	"log"
	"os"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/mvrun/mvrun/config"
	"github.com/mvrun/mvrun/notify"
	"github.com/mvrun/mvrun/ratelimit"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// routing is what the config says of the way of alarms, in the terms of package
// notify. It is made where there is an alarm, or somebody asks.
type routing struct {
	config   *config.Config
	router   *notify.Router
	contacts notify.Contacts
	specs    map[string]notify.ChannelSpec
	admin    func(direction string) string
}

func newRouting(cfg *config.Config, admin func(direction string) string) *routing {
	r := &routing{config: cfg, contacts: notify.Contacts{}, specs: map[string]notify.ChannelSpec{}, admin: admin}
	for _, channel := range cfg.Channels {
		r.specs[channel.Name] = channelSpec(&channel)
	}
	for _, contact := range cfg.Contacts {
		r.contacts[contact.Name] = contact.Addresses
	}
	r.router = &notify.Router{Usual: usualChannels(cfg)}
	for _, quiet := range cfg.Quiet {
		r.router.Quiet = append(r.router.Quiet, notify.QuietHours{
			Match: matchOf(&quiet.Match), Action: notify.Action(quiet.Do), ExceptLevels: levelsOf(quiet.ExceptLevels), Line: quiet.Line,
		})
	}
	for _, route := range cfg.Routes {
		r.router.Routes = append(r.router.Routes, notify.Route{
			Match: matchOf(&route.Match), Channels: route.Channels, Receivers: route.Receivers, Replace: route.Replace,
			Frequency: route.Frequency, Action: notify.Action(route.Do), Continue: route.Continue, Line: route.Line,
		})
	}
	return r
}

// usualChannels are those of an alarm that no route sends elsewhere: the site's
// own command, or else all channels.
func usualChannels(cfg *config.Config) []string {
	if cfg.SendAlarmCommand != "" {
		return []string{notify.CommandChannel}
	}
	var names []string
	for _, channel := range cfg.Channels {
		names = append(names, channel.Name)
	}
	return names
}

func channelSpec(c *config.Channel) notify.ChannelSpec {
	spec := notify.ChannelSpec{Name: c.Name, Type: c.Type, Settings: map[string]notify.SettingValue{}}
	for key, value := range c.Settings {
		spec.Settings[key] = notify.SettingValue{Text: value.Text, List: value.List, Pairs: value.Pairs}
	}
	return spec
}

// matchOf compiles what the config has found to be valid.
func matchOf(m *config.Match) notify.Match {
	match := notify.Match{
		Directions: m.Directions, Items: m.Items, Levels: levelsOf(m.Levels),
		Hours: notify.Hours(m.Hours), Weekdays: notify.Weekdays(m.Weekdays),
	}
	if m.Title != "" {
		match.Title = regexp.MustCompile(m.Title)
	}
	if m.Message != "" {
		match.Message = regexp.MustCompile(m.Message)
	}
	return match
}

func levelsOf(names []string) []record.Level {
	var levels []record.Level
	for _, name := range names {
		levels = append(levels, record.Level(name))
	}
	return levels
}

// configured reports whether there is any way to send.
func (r *routing) configured() bool {
	return r.config.SendAlarmCommand != "" || len(r.config.Channels) > 0
}

// uses reports whether any alarm can go by a channel.
func (r *routing) uses(channel string) bool {
	return slices.Contains(r.router.Usual, channel) ||
		slices.ContainsFunc(r.router.Routes, func(route notify.Route) bool { return slices.Contains(route.Channels, channel) })
}

// resolve finds the accounts of receivers on a channel. The site's own command
// takes names as they are.
func (r *routing) resolve(a *notify.Alarm, channel string, receivers []string) ([]notify.Recipient, string) {
	spec, ok := r.specs[channel]
	if !ok {
		var to []notify.Recipient
		for _, name := range receivers {
			to = append(to, notify.Recipient{Name: name})
		}
		return to, ""
	}
	kind, needed := notify.Addressing(spec)
	guess := func(name string) (string, bool) { return notify.AddressOf(spec, name) }
	return r.contacts.Resolve(&spec, kind, needed, guess, receivers, notify.SplitReceivers(r.admin(a.Direction)))
}

// switchboard makes the sender. Channels are made when they are first needed.
func (r *routing) switchboard(supervisor *runner.Supervisor) *notify.Switchboard {
	// net/http tells the standard logger what it does not like of a server. Our
	// stderr is the job's.
	log.SetOutput(io.Discard)
	options := channelOptions()
	var mu sync.Mutex
	made := map[string]notify.Channel{}
	find := func(name string) (notify.Channel, error) {
		mu.Lock()
		defer mu.Unlock()
		if channel := made[name]; channel != nil {
			return channel, nil
		}
		channel, err := r.channel(name, options, supervisor)
		if err == nil {
			made[name] = channel
		}
		return channel, err
	}
	return &notify.Switchboard{Plan: r.router.Plan, Channel: find, Resolve: r.resolve}
}

func channelOptions() notify.ChannelOptions {
	return notify.ChannelOptions{
		Secret: config.Secret, State: sync.OnceValues(func() (*record.Tree, error) { return record.OpenPrivate(hostFolders()) }),
	}
}

func (r *routing) channel(name string, options notify.ChannelOptions, supervisor *runner.Supervisor) (notify.Channel, error) {
	if name != notify.CommandChannel {
		spec, ok := r.specs[name]
		if !ok {
			return nil, notify.ErrNoChannel
		}
		return notify.NewChannel(spec, options)
	}
	if r.config.SendAlarmCommand == "" {
		return nil, notify.ErrNoChannel
	}
	template, err := notify.ParseTemplate(r.config.SendAlarmCommand)
	if err != nil {
		return nil, &notify.DeliveryError{Problem: "send_alarm_command: " + err.Error(), Permanent: true}
	}
	return &notify.Command{Template: template, Executor: executor{supervisor}, Env: os.Environ()}, nil
}

// options gives the settings of a dispatcher that follow from the config.
func (r *routing) options(o notify.Options, supervisor *runner.Supervisor) notify.Options {
	o.SendTimeout, o.AlarmKey, o.Burst, o.GiveUp = r.config.SendTimeout, notify.AlarmKey(r.config.AlarmKey), r.config.AlarmBurst, r.config.GiveUp
	o.Plan = func(a *notify.Alarm, now time.Time) notify.Plan { return r.router.Plan(a, now) }
	if r.configured() {
		o.Sender = r.switchboard(supervisor)
	}
	return o
}

// configGrammar is what a config takes of the packages that count and send
// alarms, and know schedules.
func configGrammar() config.Grammar {
	return config.Grammar{
		Frequency: func(text string) error { _, err := ratelimit.Parse(text); return err },
		Command:   func(text string) error { _, err := notify.ParseTemplate(text); return err },
		Schedule:  scheduleFault,
	}
}

// sendingFaults finds what is wrong in the config with the channels, for which it
// takes the knowledge of package notify.
func sendingFaults(cfg *config.Config) (faults config.Faults) {
	for i := range cfg.Channels {
		channel := &cfg.Channels[i]
		for _, problem := range notify.CheckChannel(channelSpec(channel)) {
			faults = append(faults, channel.Fault(problem.Key, problem.Problem, problem.Hint))
		}
	}
	return append(faults, addressFaults(cfg)...)
}

// addressFaults finds receivers of routes whom a channel of the route cannot
// reach.
func addressFaults(cfg *config.Config) (faults config.Faults) {
	if len(cfg.Routes) == 0 || len(cfg.Channels) == 0 {
		return nil
	}
	way := newRouting(cfg, func(string) string { return "" })
	for _, route := range cfg.Routes {
		for _, channel := range route.Channels {
			for _, name := range route.Receivers {
				if _, note := way.resolve(&notify.Alarm{}, channel, []string{name}); note != "" {
					faults = append(faults, config.Fault{
						File: cfg.Path, Line: route.Line, Key: "routes", Problem: fmt.Sprintf("%q has no address on the channel %s", name, channel),
						Hint: "add it to contacts; until then the direction's admin is told instead",
					})
				}
			}
		}
	}
	return faults
}

// describe is a short text for people about a delivery.
func describe(d notify.PlannedDelivery, to []notify.Recipient) string {
	text := d.Channel + " to"
	for _, recipient := range to {
		text += " " + recipient.Name
		if recipient.Address != "" && recipient.Address != recipient.Name {
			text += fmt.Sprintf(" <%s>", recipient.Address)
		}
	}
	return text
}
