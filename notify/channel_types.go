package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/words"
)

// ChannelOptions are what channels need of the program around them.
type ChannelOptions struct {
	// Secret reads a value of the config that may be kept elsewhere, such as
	// env:NAME. Its error names the place and never a value.
	Secret func(string) (string, error)
	// State opens the folder in which the processes of this user on this host
	// keep what they have to agree on: rates and tokens. nil means none.
	State func() (*record.Tree, error)
	Now   func() time.Time // nil means time.Now
}

// channelType is one kind of channel.
type channelType struct {
	name     string
	settings []setting
	address  string // the kind of address that it looks for in contacts
	rate     rate   // the vendor's
	make     func(c *connection) Channel
}

// setting is one key of a channel's settings.
type setting struct {
	key      string
	required bool
	check    func(SettingValue) (problem, hint string)
}

// channelTypes is a function, so that a run without an alarm pays nothing for it.
func channelTypes() []channelType {
	perMinute := func(n int) rate { return rate{{n, time.Minute}} }
	return []channelType{
		{"email", emailSettings(), "email", nil, newEmail},
		{"wecom_bot", overHTTP(required("key"), format()), "wecom", perMinute(20), newWecomBot},
		{"wecom_app", overHTTP(required("corpid"), required("secret"), setting{"agentid", true, checkNumber}, format()), "wecom", perMinute(30), newWecomApp},
		{"dingtalk", overHTTP(required("token"), optional("secret"), optional("keyword"), format()), "dingtalk", perMinute(20), newDingTalk},
		{"feishu", overHTTP(required("token"), optional("secret")), "feishu", rate{{5, time.Second}, {100, time.Minute}}, newFeishu},
		{"lark", overHTTP(required("token"), optional("secret")), "feishu", rate{{5, time.Second}, {100, time.Minute}}, newFeishu},
		{"slack", overHTTP(setting{"url", true, checkURL}), "slack", rate{{1, time.Second}}, newSlack},
		{"telegram", overHTTP(required("token"), optional("chat_id")), "telegram", rate{{1, time.Second}, {20, time.Minute}}, newTelegram},
		{"http", overHTTP(templateSettings()...), "phone", nil, newTemplated},
	}
}

// ChannelTypes names the types of channels.
func ChannelTypes() []string {
	var names []string
	for _, t := range channelTypes() {
		names = append(names, t.name)
	}
	return names
}

func findType(name string) (channelType, bool) {
	types := channelTypes()
	i := slices.IndexFunc(types, func(t channelType) bool { return t.name == name })
	if i < 0 {
		return channelType{}, false
	}
	return types[i], true
}

// CheckChannel finds what is wrong with a channel's settings. It reads no secret
// and asks nobody.
func CheckChannel(spec ChannelSpec) []SettingProblem {
	t, ok := findType(spec.Type)
	if !ok {
		return []SettingProblem{{"", fmt.Sprintf("has the type %q, which is not known", spec.Type), didYouMean(spec.Type, ChannelTypes())}}
	}
	var problems []SettingProblem
	var known []string
	for _, s := range t.settings {
		known = append(known, s.key)
		value, given := spec.Settings[s.key]
		switch {
		case !given && s.required:
			problems = append(problems, SettingProblem{"", "has no " + s.key, "a channel of type " + t.name + " needs it"})
		case given && s.check != nil:
			if problem, hint := s.check(value); problem != "" {
				problems = append(problems, SettingProblem{s.key, problem, hint})
			}
		}
	}
	for key := range spec.Settings {
		if !slices.Contains(known, key) {
			problems = append(problems, SettingProblem{key, "is no setting of a channel of type " + t.name, didYouMean(key, known)})
		}
	}
	slices.SortFunc(problems, func(a, b SettingProblem) int { return strings.Compare(a.Key+a.Problem, b.Key+b.Problem) })
	return problems
}

// didYouMean proposes the nearest of the known words, or lists them.
func didYouMean(word string, known []string) string {
	if near := words.Nearest(word, known); near != "" {
		return "did you mean " + near + "?"
	}
	return "known are " + strings.Join(known, ", ")
}

// NewChannel makes a channel of its settings. Secrets are read when it sends.
func NewChannel(spec ChannelSpec, o ChannelOptions) (Channel, error) {
	if problems := CheckChannel(spec); len(problems) > 0 {
		p := problems[0]
		text := p.Problem
		if p.Key != "" {
			text = p.Key + " " + text
		}
		return nil, &DeliveryError{Problem: text + "; " + p.Hint, Permanent: true}
	}
	t, _ := findType(spec.Type)
	if o.Now == nil {
		o.Now = time.Now
	}
	return t.make(&connection{spec: spec, options: o, rate: t.rate}), nil
}

// Addressing says which kind of address a channel looks for in contacts, and
// whether it cannot reach a receiver without one.
func Addressing(spec ChannelSpec) (kind string, needed bool) {
	t, _ := findType(spec.Type)
	switch t.name {
	case "email", "wecom_app":
		return t.address, true
	case "telegram":
		return t.address, spec.Settings["chat_id"].Text == ""
	case "http":
		return t.address, usesAddress(spec)
	}
	return t.address, false
}

// AddressOf makes an address of a name, where a channel has a rule for that. A
// name comes from a job as well, and not everything becomes an address.
func AddressOf(spec ChannelSpec, name string) (string, bool) {
	switch spec.Type {
	case "email":
		if !strings.Contains(name, "@") {
			domain := spec.Settings["domain"].Text
			if domain == "" {
				return "", false
			}
			name += "@" + strings.TrimPrefix(domain, "@")
		}
		return name, isMailAddress(name)
	case "wecom_app":
		return name, true
	}
	return "", false
}
