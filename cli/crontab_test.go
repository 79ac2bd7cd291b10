package cli

import (
	"os"
	"path/filepath"
	"testing"
)

func TestParseCrontab(t *testing.T) {
	const text = `# edited by hand
SHELL=/bin/sh
PATH = /usr/bin
 */10 * * * * mvrun -d LSF -i nodes -- /ic/nodes.sh
#30 2 * * 1-5 mvrun -- /ic/old.sh
# Five words in a row are no line
# every 10 minutes on weekdays nodes.sh looks at the nodes
CRON_TZ = "Asia/Shanghai"
@daily	mvrun check >/dev/null 2>&1
0 3 * * *	date +\%F%input%more
0 3 * * *
60 3 * * * false
`
	want := []cronLine{
		{file: "f", fields: "*/10 * * * *", command: "mvrun -d LSF -i nodes -- /ic/nodes.sh"},
		{file: "f", fields: "30 2 * * 1-5", command: "mvrun -- /ic/old.sh", disabled: true},
		{file: "f", fields: "@daily", zone: "Asia/Shanghai", command: "mvrun check >/dev/null 2>&1"},
		{file: "f", fields: "0 3 * * *", zone: "Asia/Shanghai", command: "date +%F"},
	}
	got := parseCrontab("f", text, false)
	if len(got) != len(want) {
		t.Fatalf("%d lines: %+v", len(got), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d: %+v, want %+v", i, got[i], want[i])
		}
	}
	system := parseCrontab("f", "*/10 * * * * root mvrun -- /ic/a.sh\n*/10 * * * * alice\n", true)
	if len(system) != 1 || system[0].user != "root" || system[0].command != "mvrun -- /ic/a.sh" {
		t.Errorf("of a system's crontab: %+v", system)
	}
}

func TestCrontabsOfAUser(t *testing.T) {
	root := t.TempDir()
	for path, text := range map[string]string{
		"var/spool/cron/alice":          "1 * * * * own\n",
		"etc/crontab":                   "2 * * * * alice system\n3 * * * * root other\n",
		"etc/cron.d/job":                "4 * * * * alice dropped\n",
		"var/spool/cron/crontabs/carol": "5 * * * * hers\n",
	} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tabs := crontabs{root: root}
	lines, whole := tabs.of("alice")
	var commands []string
	for _, line := range lines {
		commands = append(commands, line.command)
	}
	if !whole || len(commands) != 3 || commands[0] != "own" || commands[1] != "system" || commands[2] != "dropped" {
		t.Errorf("%v, whole: %v", commands, whole)
	}
	if lines, whole := tabs.of("../alice"); whole || len(lines) > 0 {
		t.Errorf("a user of another folder: %v", lines)
	}
}

func FuzzCrontab(f *testing.F) {
	f.Add("*/10 * * * * mvrun\n#@daily x\\%y%z\n", true)
	f.Fuzz(func(t *testing.T, text string, system bool) {
		for _, line := range parseCrontab("f", text, system) {
			if line.fields == "" || system && line.user == "" {
				t.Errorf("%+v", line)
			}
		}
	})
}
