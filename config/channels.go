package config

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/mvrun/mvrun/words"
)

// CommandChannel is the name that routes have for send_alarm_command.
const CommandChannel = "command"

// Channel is one way to send alarms, as the file describes it. What its settings
// mean is the affair of who makes a channel of it.
type Channel struct {
	Name, Type string
	Settings   map[string]Value // all but type
	at         entry
	file       string
}

// Value is the value of a channel's setting: a text, a list, or pairs in the
// order of the file.
type Value struct {
	Text  string
	List  []string
	Pairs [][2]string
	at    entry
}

// Fault is something wrong with a setting of the channel, or with the channel as
// a whole where the key is "" or not given.
func (c *Channel) Fault(key, problem, hint string) Fault {
	f := Fault{File: c.file, Line: c.at.key.Line, Column: c.at.key.Column, Key: c.at.path, Problem: problem, Hint: hint}
	if value, ok := c.Settings[key]; ok {
		f.Line, f.Column, f.Key = value.at.key.Line, value.at.key.Column, value.at.path
	} else if key != "" {
		f.Key = joinPath(f.Key, key)
	}
	return f
}

// Contact is where a receiver is reached: addresses by the name of a channel, or
// by a kind of address.
type Contact struct {
	Name      string
	Addresses map[string]string
}

// addressKinds are the kinds of addresses that contacts may have beside the
// names of channels.
var addressKinds = [...]string{"email", "wecom", "dingtalk", "feishu", "slack", "telegram", "phone"}

func (r *reader) channels(cfg *Config, e entry) {
	for _, c := range r.entries(e, "write each channel and its settings as mail: {type: email, smtp: 'smtp.example.com:587'}") {
		if problem := nameProblem(c.name); problem != "" {
			r.faultAtKey(c, "is no name of a channel: it "+problem, "routes and records name it so, such as mail or chat")
			continue
		}
		if c.name == CommandChannel {
			r.faultAtKey(c, "is the name of send_alarm_command", "give the channel another name")
			continue
		}
		if channel, ok := r.channel(c); ok {
			cfg.Channels = append(cfg.Channels, channel)
		}
	}
}

func (r *reader) channel(c entry) (Channel, bool) {
	const example = "write its settings as {type: slack, url: 'env:SLACK_HOOK'}"
	channel := Channel{Name: c.name, Settings: map[string]Value{}, at: c, file: r.file}
	if c.value.Kind != yaml.MappingNode {
		r.wrongType(c, "a group of keys", example)
		return channel, false
	}
	for _, setting := range r.entries(c, example) {
		if setting.name == "type" {
			channel.Type, _ = r.line(setting, example)
			continue
		}
		if value, ok := r.channelValue(setting); ok {
			channel.Settings[setting.name] = value
		}
	}
	if channel.Type == "" {
		r.faultAtKey(c, "has no type", "add, say, type: email")
	}
	return channel, channel.Type != ""
}

// channelValue reads a text, a list of texts, or one level of keys and texts. It
// may be a secret: no fault repeats it.
func (r *reader) channelValue(e entry) (Value, bool) {
	value := Value{at: e}
	switch e.value.Kind {
	case yaml.SequenceNode:
		for _, element := range r.elements(e, false, "write a list of texts") {
			if text, ok := r.text(element, "write a list of texts"); ok {
				value.List = append(value.List, text)
			}
		}
		return value, true
	case yaml.MappingNode:
		for _, pair := range r.entries(e, "write keys and texts") {
			if text, ok := r.text(pair, "write a text"); ok {
				value.Pairs = append(value.Pairs, [2]string{pair.name, text})
			}
		}
		return value, true
	}
	text, ok := r.text(e, "write a text")
	value.Text = text
	return value, ok
}

func (r *reader) contacts(cfg *Config, e entry) {
	const example = "write each receiver and addresses as alice: {email: alice@example.com, phone: '13800000000'}"
	known := slices.Clone(addressKinds[:])
	for _, c := range cfg.Channels {
		known = append(known, c.Name)
	}
	for _, c := range r.entries(e, example) {
		if hasControl(c.name) || !slices.Equal(words.Split(c.name), []string{c.name}) {
			r.faultAtKey(c, "is no receiver, since alarms name receivers with blanks or commas between them", "write one name")
			continue
		}
		contact := Contact{Name: c.name, Addresses: map[string]string{}}
		for _, address := range r.entries(c, example) {
			if !slices.Contains(known, address.name) {
				r.unknownKey(address, "channel or kind of address", known)
				continue
			}
			text, ok := r.line(address, "write one address")
			switch {
			case !ok:
			case address.name == "email" && !strings.Contains(text, "@"):
				r.fault(address, quoted(text)+" is no mail address", "write one such as alice@example.com")
			default:
				contact.Addresses[address.name] = text
			}
		}
		cfg.Contacts = append(cfg.Contacts, contact)
	}
}

// channelNames reads the channels of a route.
func (r *reader) channelNames(cfg *Config, e entry) []string {
	known := []string{CommandChannel}
	for _, c := range cfg.Channels {
		known = append(known, c.Name)
	}
	var names []string
	for _, element := range r.elements(e, true, "write a list such as [mail, command]") {
		name, ok := r.line(element, "write a list such as [mail, command]")
		if !ok {
			continue
		}
		if !slices.Contains(known, name) {
			hint := "known are " + strings.Join(known, ", ")
			if meant := words.Nearest(name, known); meant != "" {
				hint = fmt.Sprintf("did you mean %s?", meant)
			}
			r.fault(element, quoted(name)+" is no channel of this config", hint)
			continue
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
