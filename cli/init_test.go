package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/config"
)

// TestAlarmTools: the best that a host has is chosen, and makes a config without
// faults.
func TestAlarmTools(t *testing.T) {
	for name, test := range map[string]struct {
		tools alarmTools
		want  string
	}{
		"mail":           {alarmTools{"/usr/bin/mail", "/usr/sbin/sendmail", "/usr/bin/logger"}, ` | mail -s "$(printf '%s' "<TITLE>" | tr '\r\n' '  ')" <RECEIVERS>`},
		"mail elsewhere": {alarmTools{"/opt/my tools/mail", "/usr/sbin/sendmail", ""}, ` | '/opt/my tools/mail' -s "$(printf '%s' "<TITLE>" | tr '\r\n' '  ')" <RECEIVERS>`},
		"sendmail":       {alarmTools{"", "/usr/sbin/sendmail", "/usr/bin/logger"}, ` | /usr/sbin/sendmail -i -- <RECEIVERS>`},
		"mail alone":     {alarmTools{"/usr/bin/mail", "", "/usr/bin/logger"}, `logger -t mvrun -p user.err -- "<TITLE>: <MESSAGE> (to <RECEIVERS>)"`},
		"nothing":        {alarmTools{}, ` "<MESSAGE>" >>'/my db/.mvrun/alarms')`},
	} {
		command, comment := test.tools.command(alarmFile("/my db", false))
		if !strings.HasSuffix(command, test.want) {
			t.Errorf("%s: %s, want …%s", name, command, test.want)
		}
		_, cfg, err := config.Template(config.TemplateOptions{AlarmCommand: command, CommandComment: comment})
		if err != nil || cfg.SendAlarmCommand != command || configGrammar().Command(command) != nil {
			t.Errorf("%s: %+v, %v", name, cfg, err)
		}
	}
}

func readFolder(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = string(data)
	}
	return files
}

// TestWriteConfig: a config is never lost, however often it is replaced within
// one second, and nothing else is left in its folder.
func TestWriteConfig(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "folder")
	path := filepath.Join(folder, "mvrun.yaml")
	now := time.Date(2026, 11, 28, 9, 5, 1, 0, time.UTC)
	write := func(text string, force bool) (string, error) {
		backup, err := writeConfig(path, []byte(text), 0o600, force, now)
		return filepath.Base(backup), err
	}
	if backup, err := write("1", false); backup != "." || err != nil {
		t.Fatal(backup, err)
	}
	if _, err := write("no", false); !errors.Is(err, fs.ErrExist) {
		t.Errorf("written over: %v", err)
	}
	var backups []string
	for _, text := range []string{"2", "3", "4", "5"} {
		backup, err := write(text, true)
		if err != nil {
			t.Fatal(err)
		}
		backups = append(backups, backup)
	}
	const stamp = "mvrun.yaml.bak.20261128-090501"
	if want := []string{"mvrun.yaml.bak", stamp, stamp + ".2", stamp + ".3"}; !slices.Equal(backups, want) {
		t.Errorf("backups %q, want %q", backups, want)
	}
	files := readFolder(t, folder)
	for name, want := range map[string]string{"mvrun.yaml": "5", backups[0]: "1", backups[1]: "2", backups[2]: "3", backups[3]: "4"} {
		if files[name] != want {
			t.Errorf("%s holds %q, want %q", name, files[name], want)
		}
	}
	if len(files) != 5 {
		t.Errorf("%d files: %v", len(files), files)
	}
}

// TestWriteConfigTogether: of many that write at once without force, one wins,
// and with force there is one whole config.
func TestWriteConfigTogether(t *testing.T) {
	for _, force := range []bool{false, true} {
		folder := t.TempDir()
		path := filepath.Join(folder, "mvrun.yaml")
		results := make(chan error)
		const writers = 20
		for i := range writers {
			go func() {
				_, err := writeConfig(path, []byte{byte('a' + i)}, 0o644, force, time.Now())
				results <- err
			}()
		}
		written := 0
		for range writers {
			if err := <-results; err == nil {
				written++
			} else if !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		}
		if files := readFolder(t, folder); !force && (written != 1 || len(files) != 1) || len(files["mvrun.yaml"]) != 1 {
			t.Errorf("force %v: %d written, %d files: %v", force, written, len(files), files)
		}
	}
}

func TestShellWord(t *testing.T) {
	for text, want := range map[string]string{"": "''", "/a-b_c.d": "/a-b_c.d", "a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'", "存储": "'存储'"} {
		if got := shellWord(text); got != want {
			t.Errorf("%q becomes %s, want %s", text, got, want)
		}
	}
}
