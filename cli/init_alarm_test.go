package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mvrun/mvrun/notify"
)

// testExecutor runs alarm commands for a test.
type testExecutor struct{}

func (testExecutor) Exec(ctx context.Context, argv, env []string, stdin []byte, _ int) (int, []byte, error) {
	command := exec.CommandContext(ctx, argv[0], argv[1:]...)
	command.Env, command.Stdin = append(env, "PATH=/usr/bin:/bin"), bytes.NewReader(stdin)
	output, err := command.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), output, nil
	}
	return 0, output, err
}

// fakeTool is a program that writes down its arguments and what it reads.
func fakeTool(t *testing.T, folder, name string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	script := "#!/bin/sh\n{ printf '%s|' \"$@\"; echo; cat; } >'" + filepath.Join(folder, "sent") + "'\n"
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAlarmCommands: whatever an alarm says, the commands that init chooses hand
// it on as it is, and a title cannot add headers to a mail.
func TestAlarmCommands(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "two words")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	mail, sendmail, logger := fakeTool(t, folder, "mail"), fakeTool(t, folder, "sendmail"), fakeTool(t, folder, "logger")
	const title, message = "满 \"100%\"\nBcc: x@example.com", "$(id) `id` 'a' \\n %s\n第二行"
	for name, test := range map[string]struct {
		tools alarmTools
		want  string
	}{
		"mail": {alarmTools{mail, sendmail, logger}, "-s|" + strings.ReplaceAll(title, "\n", " ") + "|alice|bob|\n" + message + "\n"},
		"sendmail": {alarmTools{"", sendmail, logger}, "-i|--|alice|bob|\nContent-Type: text/plain; charset=UTF-8\nSubject: " +
			strings.ReplaceAll(title, "\n", " ") + "\n\n" + message + "\n"},
		"logger":  {alarmTools{"", "", logger}, "-t|mvrun|-p|user.err|--|" + title + ": " + message + " (to alice bob)|\n"},
		"nothing": {alarmTools{}, "  " + title + " (to alice bob)\n" + message + "\n\n"},
	} {
		sent := filepath.Join(folder, "sent")
		os.Remove(sent)
		line, _ := test.tools.command(shellWord(sent))
		template, err := notify.ParseTemplate(line)
		if err != nil {
			t.Fatal(err)
		}
		command := &notify.Command{Template: template, Executor: testExecutor{}}
		if err := command.Send(context.Background(), &notify.Alarm{Title: title, Message: message, Receivers: []string{"alice", "bob"}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		data, err := os.ReadFile(sent)
		if err != nil {
			t.Fatal(err)
		}
		got := string(data)
		if name == "nothing" {
			got = got[len("2026-11-28 09:05:01"):]
		} else if name == "logger" {
			got = got[:strings.Index(got, "|\n")+2] // its stdin is the alarm as JSON
		}
		if got != test.want {
			t.Errorf("%s: sent %q, want %q", name, got, test.want)
		}
	}
}
