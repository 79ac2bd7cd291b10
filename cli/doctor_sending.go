package cli

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/config"
	"github.com/mvrun/mvrun/notify"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// What doctor finds of the ways to send, and its test alarm.

// checkSending looks at each way to send, and whether it reaches the admins.
func (d *doctor) checkSending() {
	way := newRouting(d.config, d.adminOf)
	if !way.configured() {
		d.bad("sending", "there is neither send_alarm_command nor a channel", fmt.Sprintf("alarms are kept for %v (give_up), and sent once there is one; set one in the config, as mvrun init does", d.config.GiveUp))
		return
	}
	if d.config.SendAlarmCommand != "" {
		d.checkCommand()
	}
	for _, channel := range d.config.Channels {
		d.checkChannel(way, channelSpec(&channel))
	}
}

// checkCommand looks for the program that a command begins with, where that is
// plain to see.
func (d *doctor) checkCommand() {
	program := d.commandProgram()
	if program == "" {
		d.ok("send_alarm_command", "is a line of shell that begins with %s", firstWord(d.config.SendAlarmCommand))
		return
	}
	if !isShellWord(program) && findProgram(program) == "" {
		d.bad("send_alarm_command", program+" cannot be found, or not be executed", "alarms wait in the outbox until it can be")
		return
	}
	d.ok("send_alarm_command", "%s", orElse(findProgram(program), program))
}

// commandProgram is the program that send_alarm_command begins with, or "".
func (d *doctor) commandProgram() string {
	program := firstWord(d.config.SendAlarmCommand)
	if strings.ContainsAny(program, "$`(){};|&<>=") {
		return ""
	}
	return program
}

func firstWord(line string) string {
	words := strings.Fields(line)
	if len(words) == 0 {
		return ""
	}
	return strings.Trim(words[0], `"'`)
}

// findProgram looks for a program as a shell does; "" where there is none.
func findProgram(name string) string {
	folders := []string{""}
	if !strings.Contains(name, "/") {
		folders = filepath.SplitList(os.Getenv("PATH"))
	}
	for _, folder := range folders {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && unix.Access(path, unix.X_OK) == nil {
			return path
		}
	}
	return ""
}

func isShellWord(word string) bool {
	for _, known := range [...]string{"if", "for", "while", "case", "echo", "printf", "true", "false", "test", "[", "exec", "command", ":", "."} {
		if word == known {
			return true
		}
	}
	return false
}

func (d *doctor) checkChannel(way *routing, spec notify.ChannelSpec) {
	check := "channel " + spec.Name
	if problems := notify.CheckChannel(spec); len(problems) > 0 {
		d.bad(check, "its settings are faulty", "see the findings about the config")
		return
	}
	if problem := unreadableSecret(spec.Settings); problem != "" {
		d.bad(check, problem, "alarms by this channel wait until it can be read")
		return
	}
	var unreachable []string
	for _, direction := range d.config.Directions {
		if !way.uses(spec.Name) {
			break // nobody is told by it yet
		}
		for _, name := range notify.SplitReceivers(direction.Admin) {
			if _, note := way.resolve(&notify.Alarm{Direction: direction.Name}, spec.Name, []string{name}); note != "" {
				unreachable = append(unreachable, name+" ("+direction.Name+")")
			}
		}
	}
	if len(unreachable) > 0 {
		d.bad(check, "has no address of these admins: "+strings.Join(unreachable, ", "), "add them to contacts")
		return
	}
	if err := notify.Reach(context.Background(), spec, channelOptions()); err != nil {
		d.warning(check, "its server cannot be reached: "+d.masker.Mask(err.Error()), "alarms by it wait in the outbox meanwhile; look at the address, the proxy and the firewall")
		return
	}
	d.ok(check, "is of type %s, and its server can be reached", spec.Type)
}

// unreadableSecret finds a value of settings that is kept elsewhere and cannot be
// had from there; "" where there is none.
func unreadableSecret(settings map[string]notify.SettingValue) string {
	for _, text := range settingTexts(settings) {
		if _, err := config.Secret(text[1]); err != nil {
			return text[0] + ": " + err.Error()
		}
	}
	return ""
}

// settingTexts gives the values of settings, each behind its key.
func settingTexts(settings map[string]notify.SettingValue) (texts [][2]string) {
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		texts = append(texts, [2]string{key, settings[key].Text})
		for _, text := range settings[key].List {
			texts = append(texts, [2]string{key, text})
		}
		for _, pair := range settings[key].Pairs {
			texts = append(texts, [2]string{key + "." + pair[0], pair[1]})
		}
	}
	return texts
}

// sendTest sends an alarm that says that it is a test.
func (d *doctor) sendTest() {
	if d.store == nil {
		return
	}
	d.item = record.Item{Direction: "default", Name: "doctor"}
	supervisor := runner.NewSupervisor()
	d.openStore(true)
	d.origin = findOrigin(d.options, d.options.script)
	who := userName()
	if current, err := user.Current(); err == nil && current.Name != "" {
		who = current.Name
	}
	desk := newAlarmDesk(d.session, &counts{}, supervisor)
	desk.receivers = orElse(d.options.receivers, desk.receivers)
	desk.noMoreSettings()
	desk.raiseKind(record.Message{
		Level: record.LevelAlarm, Title: "mvrun test alarm", Time: time.Now(), Frequency: "everytime",
		Text: fmt.Sprintf("This is a test. %s has sent it by mvrun doctor --send on %s; nothing is wrong.", who, hostName()),
	}, notify.KindTest)
	ctx, cancel := contextOf(supervisor)
	defer cancel()
	report := desk.drain(ctx, d.config.SendTimeout+time.Second)
	_ = d.leave()
	switch {
	case report.Own.Sent > 0:
		d.ok("test alarm", "was sent to %s", desk.receivers)
	default:
		d.bad("test alarm", "was not sent", "mvrun view alarm --direction default --item doctor --why tells why")
	}
}
