package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/record"
)

// Sender sends an alarm once. It returns when the alarm was delivered, or with
// the error that kept it from that; deciding and trying again are the
// dispatcher's. It may be called concurrently, and must return soon after ctx
// ends.
type Sender interface {
	Send(ctx context.Context, a *Alarm) error
}

// Executor runs a program with this environment and standard input until it
// ends, or until ctx does: then it kills the program's whole tree. It gives the
// exit status and the last maxOutput bytes of its output. The error is that of
// a program that could not be started or that did not end in time.
type Executor interface {
	Exec(ctx context.Context, argv, env []string, stdin []byte, maxOutput int) (exitCode int, output []byte, err error)
}

// Command sends with a send_alarm_command. The command is given the alarm
//   - in the words of its template,
//   - in its environment: MVRUN_ALARM_TITLE, _MESSAGE, _RECEIVERS (separated by
//     blanks), _RECEIVER_1 and so on (one each), _DIRECTION, _ITEM, _LEVEL, _RUN,
//     _HOST, _TIME (local time) and _ID,
//   - as a JSON object on its standard input, whole.
//
// An alarm was sent where the command ends with status 0.
type Command struct {
	Template *Template
	Executor Executor
	Env      []string // what the command's environment has besides
}

const (
	variablePrefix = "MVRUN_ALARM_"
	maxOutput      = 4 << 10 // of the output kept of a command that failed
)

// Send runs the command.
func (c *Command) Send(ctx context.Context, a *Alarm) error {
	script := c.Template.Script(len(a.Receivers))
	argv := []string{"/bin/sh", "-c", script}
	code, output, err := c.Executor.Exec(ctx, argv, c.environment(a, len(script)), a.json(), maxOutput)
	if err == nil && code == 0 {
		return nil
	}
	return commandError(ctx, code, output, err)
}

// commandError says how a command failed, with the end of what it wrote.
func commandError(ctx context.Context, code int, output []byte, err error) error {
	problem := fmt.Sprintf("send_alarm_command: exit status %d", code)
	switch {
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		problem = "send_alarm_command: did not end in time and was stopped"
	case ctx.Err() != nil:
		problem = "send_alarm_command: was stopped, since the run had ended"
	case err != nil:
		problem = fmt.Sprintf("send_alarm_command: %v", err)
	}
	if said := strings.TrimSpace(validText(string(output))); said != "" {
		problem += ": " + tail(said, maxOutput)
	}
	return errors.New(problem)
}

// environment adds the alarm's values to the environment of the command; values
// of another alarm, from a command that runs mvrun, are left out.
func (c *Command) environment(a *Alarm, script int) []string {
	env := make([]string, 0, len(c.Env)+12+len(a.Receivers))
	for _, variable := range c.Env {
		if !strings.HasPrefix(variable, variablePrefix) {
			env = append(env, variable)
		}
	}
	add := func(name, value string) {
		env = append(env, variablePrefix+name+"="+strings.ReplaceAll(value, "\x00", ""))
	}
	add("DIRECTION", a.Direction)
	add("ITEM", a.Item)
	add("LEVEL", string(a.Level))
	add("RUN", a.Run)
	add("HOST", a.Host)
	add("TIME", a.Time.Local().Format(record.TimeLayout))
	add("ID", a.ID)
	add(titlePlaceholder, cut(a.Title, maxTitle))
	add(receiversPlaceholder, cut(a.receivers(), maxReceivers))
	for i, receiver := range a.Receivers {
		env = append(env, receiverVariable(i)+"="+strings.ReplaceAll(cut(receiver, maxTitle), "\x00", ""))
	}
	message := strings.ReplaceAll(a.Message, "\x00", "")
	add(messagePlaceholder, cut(message, c.Template.messageLimit(a, script, size(env))))
	return env
}

// The limits of execve(2): one string of arguments or environment, its end
// included, has at most 32 pages, and all together a quarter of the stack, of
// which the command's own words need a part as well.
const (
	maxString    = 128 << 10
	maxTitle     = 4 << 10
	maxReceivers = 16 << 10
	minMessage   = 1 << 10
	maxTotal     = 1 << 20
	reserve      = 16 << 10
)

// messageLimit gives the bytes of message that fit, in the environment and in
// the template's words: at the worst all of those are one word.
func (t *Template) messageLimit(a *Alarm, script, env int) int {
	uses := max(1, t.uses[messagePlaceholder])
	word := t.length + t.uses[titlePlaceholder]*min(len(a.Title), maxTitle) +
		t.uses[receiversPlaceholder]*min(len(a.receivers()), maxReceivers)
	one := (maxString - 64 - word) / uses
	all := (totalLimit() - env - script - 2*word - reserve) / (1 + uses)
	return max(minMessage, min(one, all, maxString-64))
}

// totalLimit is what arguments and environment may take together.
func totalLimit() int {
	var stack unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_STACK, &stack) != nil || stack.Cur/4 > maxTotal {
		return maxTotal
	}
	return max(int(stack.Cur/4), maxString)
}

// size is what execve needs for an environment: each string, its end and the
// pointer to it.
func size(env []string) int {
	total := 0
	for _, variable := range env {
		total += len(variable) + 1 + 8
	}
	return total
}
