package tests

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// example gives the path of a file in examples/.
func example(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(repository(t), "examples", name)
}

// fakeDF puts a df before all others that prints a table and ends with a status.
// With that of a signal it prints nothing unless it is asked for local file
// systems only, as where a file server does not answer.
func fakeDF(t *testing.T, s *site, table, status string) {
	t.Helper()
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "table"), table, 0o644)
	writeFile(t, filepath.Join(folder, "df"), "#!/bin/sh\n[ "+status+" -gt 128 ] && [ \"$2\" != -l ] || cat "+folder+"/table\nexit "+status+"\n", 0o755)
	for i, entry := range s.env {
		if path, ok := strings.CutPrefix(entry, "PATH="); ok {
			s.env[i] = "PATH=" + folder + ":" + path
		}
	}
}

const dfTable = `Filesystem     1024-blocks      Used Available Capacity Mounted on
udev               8120468         0   8120468       0% /dev
tmpfs              1629160   1629160         0     100% /run
/dev/sda2        102400000  40960000  61440000      40% /
/dev/sdb1        102400000  92160000  10240000      90% /data/two words
/dev/loop3           65536     65536         0     100% /snap/core/1
nas:/vol/proj    104857600 101711872   3145728      97% /proj
nas:/vol/proj    104857600 101711872   3145728      97% /proj/again
proc                     0         0         0        - /proc
`

func TestCheckDiskUsage(t *testing.T) {
	const summary = "INFO: 3 file systems checked, the fullest is /proj with 97%"
	proj := "/proj is 97% full, 3.0 GiB left on nas:/vol/proj"
	data := "/data/two words is 90% full, 9.8 GiB left on /dev/sdb1"
	tests := []struct {
		name, status string
		args, want   []string
	}{
		{"defaults", "0", nil, []string{
			"ERROR: " + data, "ERROR: " + proj, `ALARM[title="file system full"]: ` + proj, summary}},
		{"thresholds and receivers", "0", []string{"95", "97", "alice bob"}, []string{
			"ERROR: " + proj, `ALARM[title="file system full", to="alice bob"]: ` + proj, summary}},
		{"nothing full", "0", []string{"98", "99"}, []string{summary}},
		{"df fails in part", "1", []string{"98", "99"}, []string{
			"WARNING: df ended with status 1; not all file systems were seen", summary}},
		{"a file server does not answer", "137", []string{"98", "99"}, []string{
			"WARNING: df ended with status 137; not all file systems were seen", summary}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			fakeDF(t, s, dfTable, test.status)
			got := run(t, s.command(example(t, "check_disk_usage.sh"), test.args...))
			if want := strings.Join(test.want, "\n") + "\n"; got.stdout != want || got.status != 0 {
				t.Errorf("status %d, stdout:\n%swant:\n%s", got.status, got.stdout, want)
			}
		})
	}
}

func TestCheckDiskUsageRefusesBadArguments(t *testing.T) {
	for _, args := range [][]string{
		{"0"}, {"101"}, {"ninety"}, {"90", "-1"}, {"90", "95%"}, {"90", "95", `a"]: x`}, {"90", "95", "alice", "bob"},
	} {
		s := newSite(t)
		got := run(t, s.command(example(t, "check_disk_usage.sh"), args...))
		if got.status != 2 || got.stdout != "" || !strings.Contains(got.stderr, "usage: check_disk_usage.sh") {
			t.Errorf("%q: %+v", args, got)
		}
	}
}

// On any host, thresholds of one percent find something.
func TestCheckDiskUsageOfThisHost(t *testing.T) {
	s := newSite(t)
	got := s.mvrun(t, "--direction", "host", "--", example(t, "check_disk_usage.sh"), "1", "1", "carol")
	if got.status != 0 || got.stderr != "" {
		t.Fatalf("%+v", got)
	}
	alarms := s.records(t, "host", "check_disk_usage", "alarm")
	if len(alarms) == 0 || alarms[0].text("receivers") != "carol" || alarms[0].text("send_alarm_result") != "PASSED" {
		t.Errorf("alarms %v after\n%s", alarms, got.stdout)
	}
	if sent := readFile(t, s.alarms); !strings.Contains(sent, "file system full") || !strings.Contains(sent, alarms[0].text("message")) {
		t.Errorf("the alarm command was given %q", sent)
	}
}

// homes makes home directories of several modes and names.
func homes(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "home")
	for name, mode := range map[string]os.FileMode{
		"alice": 0o700, "bob": 0o750, "carol": 0o775, "dave": 0o711, "erin": 0o702,
		"王芳": 0o755, "two words": 0o770, "x\nALARM: forged": 0o755, `y\nALARM: forged`: 0o755, ".hidden": 0o777,
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(root, "file"), "", 0o666)
	return root
}

func TestCheckHomePermission(t *testing.T) {
	root := homes(t)
	alarm := `ALARM[title="home directory open to others"]: ` + root
	want := strings.Join([]string{
		"ERROR: " + root + "/bob may be read by others (drwxr-x---)",
		alarm + "/carol may be written to by others (drwxrwxr-x)",
		alarm + "/erin may be written to by others (drwx----w-)",
		alarm + "/two words may be written to by others (drwxrwx---)",
		"ERROR: " + root + "/x?ALARM: forged may be read by others (drwxr-xr-x)",
		"ERROR: " + root + `/y\nALARM: forged may be read by others (drwxr-xr-x)`,
		"ERROR: " + root + "/王芳 may be read by others (drwxr-xr-x)",
		"INFO: 9 home directories checked, 7 open to others",
	}, "\n") + "\n"
	for _, script := range []string{"check_home_permission.sh", "check_home_permission.py"} {
		t.Run(script, func(t *testing.T) {
			if strings.HasSuffix(script, ".py") {
				needProgram(t, "python3")
			}
			s := newSite(t)
			s.env = append(s.env, "LC_ALL=C")
			got := s.mvrun(t, "-d", "security", "--", example(t, script), root)
			if got.stdout != want || got.stderr != "" || got.status != 0 {
				t.Errorf("%+v, want\n%s", got, want)
			}
			logs, alarms := s.records(t, "security", "check_home_permission", "log"), s.records(t, "security", "check_home_permission", "alarm")
			if levels := texts(logs, "message_level"); !slices.Equal(levels, []string{"Error", "Error", "Error", "Error", "Info"}) {
				t.Errorf("levels %q", levels)
			}
			if len(alarms) != 3 || strings.Contains(strings.Join(texts(alarms, "message"), ""), "forged") {
				t.Errorf("alarms %v", alarms)
			}
		})
	}
}

func TestCheckHomePermissionOfNothing(t *testing.T) {
	needProgram(t, "python3")
	for _, script := range []string{"check_home_permission.sh", "check_home_permission.py"} {
		s := newSite(t)
		if got := run(t, s.command(example(t, script), s.folder+"/none")); got.status != 1 || got.stdout != "FATAL: "+s.folder+"/none is no directory\n" {
			t.Errorf("%s: %+v", script, got)
		}
		if got := run(t, s.command(example(t, script), "a", "b")); got.status != 2 || !strings.HasPrefix(got.stderr, "usage: ") {
			t.Errorf("%s: %+v", script, got)
		}
	}
}

const nodesDown = `3 of 15 LSF nodes are down
  n232-133-005  unreach
  n232-133-016  unavail
  n232-134-003  closed_LIM`

func TestCheckLSFNodeStatus(t *testing.T) {
	s := newSite(t)
	s.env = append(s.env, "BHOSTS=cat "+example(t, "data/bhosts.txt"))
	got := s.mvrun(t, "-d", "LSF", "--", example(t, "check_lsf_node_status.sh"))
	if got.status != 0 || got.stderr != "" {
		t.Fatalf("%+v", got)
	}
	if fromFile := run(t, s.command(example(t, "check_lsf_node_status.sh"), example(t, "data/bhosts.txt"))); fromFile.stdout != got.stdout {
		t.Errorf("from the file:\n%swith BHOSTS:\n%s", fromFile.stdout, got.stdout)
	}
	checkNodeRecords(t, s)
}

// checkNodeRecords holds what check_lsf_node_status.sh finds in the sample data.
func checkNodeRecords(t *testing.T, s *site) {
	t.Helper()
	logs := s.records(t, "LSF", "check_lsf_node_status", "log")
	want := []string{
		"lsf-master-01 is closed_Adm with 0 running jobs",
		"n232-133-005 is unreach with 12 running jobs",
		"n232-133-006 is closed_Busy with 51 running jobs",
		"n232-133-016 is unavail with 0 running jobs",
		"n232-134-003 is closed_LIM with 3 running jobs",
		"n232-134-004 is closed_Adm with 8 running jobs",
		"15 LSF nodes, 9 at work, 3 down",
	}
	if messages := texts(logs, "message"); !slices.Equal(messages, want) {
		t.Errorf("log messages %q, want %q", messages, want)
	}
	levels := []string{"Warning", "Error", "Warning", "Error", "Error", "Warning", "Info"}
	if got := texts(logs, "message_level"); !slices.Equal(got, levels) {
		t.Errorf("levels %q, want %q", got, levels)
	}
	alarms := s.records(t, "LSF", "check_lsf_node_status", "alarm")
	if len(alarms) != 1 || alarms[0].text("message") != nodesDown || alarms[0].text("receivers") != "alice bob" || alarms[0].text("send_alarm_result") != "PASSED" {
		t.Errorf("alarms %v", alarms)
	}
	if sent := readFile(t, s.alarms); !strings.Contains(sent, " to: alice bob\nLSF nodes down\n"+nodesDown+"\n\n") {
		t.Errorf("the alarm command was given %q", sent)
	}
}

func TestCheckLSFNodeStatusWithoutAnswer(t *testing.T) {
	for command, want := range map[string]string{
		"false": "FATAL: bhosts ended with status 1\n",
		"true":  "FATAL: bhosts lists no host\n",
	} {
		s := newSite(t)
		s.env = append(s.env, "BHOSTS="+command)
		if got := run(t, s.command(example(t, "check_lsf_node_status.sh"))); got.status != 1 || got.stdout != want {
			t.Errorf("BHOSTS=%q: %+v", command, got)
		}
	}
}

func TestSendAlarm(t *testing.T) {
	s := newSite(t)
	for _, args := range [][]string{
		{s.alarms, "title", "one\ntwo %s $(id)", "alice", "bob"},
		{s.alarms, "again", `a\nb`},
	} {
		if got := run(t, s.command(example(t, "send_alarm.sh"), args...)); got.status != 0 || got.stderr != "" {
			t.Fatalf("%q: %+v", args, got)
		}
	}
	var bodies []string
	for alarm := range strings.SplitSeq(strings.TrimSuffix(readFile(t, s.alarms), "\n\n"), "\n\n") {
		_, body, _ := strings.Cut(alarm, " to: ")
		bodies = append(bodies, body)
	}
	if want := []string{"alice bob\ntitle\none\ntwo %s $(id)", "\nagain\n" + `a\nb`}; !slices.Equal(bodies, want) {
		t.Errorf("written: %q, want %q", bodies, want)
	}
	if got := run(t, s.command(example(t, "send_alarm.sh"), s.alarms)); got.status != 2 {
		t.Errorf("without title and message: %+v", got)
	}
}

// The demonstration shows records of all kinds and what was sent.
func TestDemo(t *testing.T) {
	needProgram(t, "go")
	folder := filepath.Join(t.TempDir(), "two words")
	s := newSite(t)
	// Where go keeps its caches.
	s.env = append(s.env, "HOME="+os.Getenv("HOME"))
	got := run(t, s.command("sh", example(t, "demo.sh"), folder))
	if got.status != 0 || got.stderr != "" {
		t.Fatalf("%+v", got)
	}
	sections := []string{
		"\n$ mvrun --direction host ", "\nALARM[title=", "\n$ mvrun view log\nDirection ", " Error ",
		"\n$ mvrun view alarm\nDirection ", " PASSED ", "\n$ mvrun view run\nDirection ", " exited ",
		"\nThe alarms that were sent", " to: alice bob\nfile system full\n",
	}
	rest := got.stdout
	for _, section := range sections {
		_, after, found := strings.Cut(rest, section)
		if !found {
			t.Fatalf("the demonstration does not show %q where it should:\n%s", section, got.stdout)
		}
		rest = after
	}
}

// The config in examples/ is one that mvrun takes without a word.
func TestExampleConfig(t *testing.T) {
	s := newSite(t)
	got := s.mvrun(t, "--config", example(t, "mvrun.yaml"), "--db", s.db, "-d", "LSF", "--receivers", "", "--", "echo", "[ALERT] slot 3")
	if got.stdout != "[ALERT] slot 3\n" || got.stderr != "" || got.status != 0 {
		t.Errorf("%+v", got)
	}
}
