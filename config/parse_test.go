package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/ratelimit"
)

// testGrammar is the one that mvrun has, but for the shell's.
var testGrammar = Grammar{
	Frequency: func(text string) error { _, err := ratelimit.Parse(text); return err },
	Command: func(text string) error {
		if strings.Contains(text, "<MESSAG>") {
			return errors.New("<MESSAG> is no placeholder; write <MESSAGE>")
		}
		return nil
	},
	Schedule: func(text string) error {
		if text == "61 * * * *" {
			return errors.New(`schedule "61 * * * *": minute "61": write numbers from 0 to 59`)
		}
		return nil
	},
}

// parsed reads a config that must be without fault.
func parsed(t *testing.T, text string) *Config {
	t.Helper()
	cfg, faults := Parse("mvrun.yaml", []byte(text), testGrammar)
	if len(faults) > 0 {
		t.Fatalf("unexpected faults:\n%v", faults)
	}
	return cfg
}

func TestParseEmpty(t *testing.T) {
	want := &Config{
		Path:        "mvrun.yaml",
		DBLayout:    "auto",
		Levels:      []string{"Debug", "Info", "Warning", "Error", "Fatal"},
		SendWait:    10 * time.Second,
		SendTimeout: 30 * time.Second,
		AlarmKey:    "message",
		AlarmBurst:  20,
		GiveUp:      72 * time.Hour,
		Lang:        "en",
		Check:       Check{FailingAfter: 24 * time.Hour},
		Serve:       Serve{Listen: "127.0.0.1:5000"},
	}
	nothingGiven := "valid_direction_dic:\ndb_path:\ndb_layout:\nvalid_message_level_list:\nsend_alarm_command:\n" +
		"send_wait:\nsend_timeout:\nalarm_key:\nalarm_burst:\ngive_up:\nremind_every:\nchannels:\ncontacts:\nroutes:\nquiet_hours:\nlang:\ncheck:\nserve:\nretention:\ndefaults:\nprefixes:\nrules:\nmask:\n"
	for _, text := range []string{"", "\n", "# only a comment\n", "---\n", "{}\n", "\ufeff", nothingGiven, "valid_direction_dic: {}\n"} {
		if got := parsed(t, text); !reflect.DeepEqual(got, want) {
			t.Errorf("Parse(%q) = %+v, want %+v", text, got, want)
		}
	}
}

func TestParseSettings(t *testing.T) {
	t.Setenv("HOME", "/home/alice")
	pick := map[string]func(*Config) any{
		"directions": func(c *Config) any { return c.Directions },
		"db_path":    func(c *Config) any { return c.DBPath },
		"db_layout":  func(c *Config) any { return c.DBLayout },
		"levels":     func(c *Config) any { return c.Levels },
		"command":    func(c *Config) any { return c.SendAlarmCommand },
		"wait":       func(c *Config) any { return c.SendWait },
		"timeout":    func(c *Config) any { return c.SendTimeout },
		"prefixes":   func(c *Config) any { return c.Prefixes },
		"rules":      func(c *Config) any { return c.Rules },
		"mask":       func(c *Config) any { return c.Mask },
	}
	for _, test := range []struct {
		what, text string
		want       any
	}{
		{"directions", "valid_direction_dic:\n  storage: erin\n  LSF: alice,bob;  carol\n  host: [dave, 'erin frank', 1001]\n  存储: ~\n",
			[]Direction{{"storage", "erin"}, {"LSF", "alice bob carol"}, {"host", "dave erin frank 1001"}, {"存储", ""}}},
		{"directions", "valid_direction_dic: {a: &admins [alice, bob], b: *admins}\n", []Direction{{"a", "alice bob"}, {"b", "alice bob"}}},
		{"db_path", "db_path: /ic/tools/../db/\n", "/ic/db"},
		{"db_path", "db_path: ~/db\n", "/home/alice/db"},
		{"db_path", "db_path: ~\n", ""},
		{"db_path", "db_path: '~'\n", "/home/alice"},
		{"db_path", "db_path: /with blank/db\r\n", "/with blank/db"},
		{"db_layout", "db_layout: per-host\n", "per-host"},
		{"levels", "valid_message_level_list: [Info, 严重]\n", []string{"Info", "严重"}},
		{"command", "send_alarm_command: >-\n  send -T \"<TITLE>\"\n  -r <RECEIVERS> <in >out\n", "send -T \"<TITLE>\" -r <RECEIVERS> <in >out"},
		{"wait", "send_wait: 0\n", time.Duration(0)},
		{"wait", "send_wait: 2\n", 2 * time.Second},
		{"timeout", "send_timeout: 1.5\n", 1500 * time.Millisecond},
		{"timeout", "send_timeout: 1d12h\n", 36 * time.Hour},
		{"prefixes", "prefixes: {'[ALERT]': alarm, OOPS: Error}\n", map[string]string{"[ALERT]": "Alarm", "OOPS": "Error"}},
		{"prefixes", "prefixes: {OOPS: severe}\nvalid_message_level_list: [Severe]\n", map[string]string{"OOPS": "Severe"}},
		{"rules", "rules:\n- pattern: 'x+'\n  level: FATAL\n- {pattern: '(?P<level>\\w+) (?<other>.)'}\n",
			[]Rule{{"x+", "Fatal", 2}, {`(?P<level>\w+) (?<other>.)`, "", 4}}},
		{"mask", "mask: 'key: (\\S+)'\n", []string{`key: (\S+)`}},
		{"mask", "mask: [a, b]\n", []string{"a", "b"}},
	} {
		cfg := parsed(t, test.text)
		if got := pick[test.what](cfg); !reflect.DeepEqual(got, test.want) {
			t.Errorf("Parse(%q): %s = %#v, want %#v", test.text, test.what, got, test.want)
		}
	}
}

func TestParseDefaults(t *testing.T) {
	for _, test := range []struct{ flag, value, want string }{
		{"receivers", "alice,  bob", "alice bob"},
		{"receivers", "[alice, bob]", "alice bob"},
		{"alarm-frequency", "everytime", "everytime"},
		{"alarm-frequency", "max  3 times", "max 3 times"},
		{"alarm-frequency", "max 12 times per week", "max 12 times per week"},
		{"alarm-frequency", "once per 30m", "once per 30m"},
		{"alarm-frequency", "on change", "on change"},
		{"schedule", "'*/10 * * * *'", "*/10 * * * *"},
		{"schedule", "每10分钟", "每10分钟"},
		{"frequency", "twice a day", "twice a day"},
		{"author", "张三", "张三"},
		{"timeout", "90", "1m30s"},
		{"timeout", "2d", "48h0m0s"},
		{"kill-after", "1m", "1m0s"},
		{"retries", "3", "3"},
		{"retry-delay", "500ms", "500ms"},
		{"overlap", "skip", "skip"},
		{"jitter", "0", "0s"},
		{"on-failure", "none", "none"},
		{"fail-after", "2", "2"},
		{"alarm-on", `'slot \d+ lost'`, `slot \d+ lost`},
		{"error-on", "[a, 'b|c']", "a\nb|c"},
		{"scan", "both", "both"},
		{"pty", "true", "true"},
		{"quiet", "No", "false"},
		{"keep-output", "never", "never"},
		{"label", "{team: eda, site: sh, empty: }", "team=eda\nsite=sh\nempty="},
		{"label", "[team=eda, 'k=a=b']", "team=eda\nk=a=b"},
		{"label", "team=eda", "team=eda"},
	} {
		cfg := parsed(t, "defaults:\n  "+test.flag+": "+test.value+"\n")
		if got := cfg.Defaults[test.flag]; got != test.want {
			t.Errorf("%s: %s gives %q, want %q", test.flag, test.value, got, test.want)
		}
	}
}

func TestAdmin(t *testing.T) {
	listed := parsed(t, "valid_direction_dic: {LSF: alice bob, lab: }\n")
	unlisted := parsed(t, "")
	for _, test := range []struct {
		cfg       *Config
		direction string
		admin     string
		admitted  bool
	}{
		{listed, "LSF", "alice bob", true},
		{listed, "lab", "", true},
		{listed, "lsf", "", false},
		{unlisted, "anything", "", true},
	} {
		admin, admitted := test.cfg.Admin(test.direction)
		if admin != test.admin || admitted != test.admitted {
			t.Errorf("Admin(%q) = %q, %v", test.direction, admin, admitted)
		}
	}
}

// TestBestEffort shows what is left of a config with faults: all that is sound.
func TestBestEffort(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		db   string
		wait time.Duration
	}{
		"wrong value":     {"db_path: /db\nsend_wait: never\nmask: ['(']\n", "/db", DefaultSendWait},
		"unknown key":     {"db_pth: /x\ndb_path: /db\nsend_wait: 1s\n", "/db", time.Second},
		"second document": {"db_path: /db\n---\ndb_path: /other\n", "/db", DefaultSendWait},
		"broken second":   {"db_path: /db\nsend_wait: 1s\n---\na: [\n", "/db", time.Second},
		"duplicate":       {"db_path: /db\ndb_path: /other\n", "/db", DefaultSendWait},
		"tabs":            {"valid_direction_dic:\n\tLSF: alice\ndb_path: /db\n", "/db", DefaultSendWait},
		"broken later":    {"send_wait: 1s\ndb_path: /db\nprefixes:\n  a: Error\n  b: \"\n", "/db", time.Second},
		"cut short":       {"db_path: /db\nsend_wait: 1s\nsend_ala", "/db", time.Second},
	} {
		cfg, faults := Parse("mvrun.yaml", []byte(test.text), testGrammar)
		switch {
		case len(faults) == 0:
			t.Errorf("%s: no fault", name)
		case cfg == nil:
			t.Errorf("%s: no config", name)
		case cfg.DBPath != test.db || cfg.SendWait != test.wait || cfg.Prefixes != nil:
			t.Errorf("%s: %+v", name, cfg)
		}
	}
}

// TestNothingUnderstood shows when there is no config at all.
func TestNothingUnderstood(t *testing.T) {
	for name, text := range map[string]string{
		"first setting": "db_path: \"/db\nsend_wait: 1s\n",
		"NUL":           "db_path: /db\n\x00",
		"not UTF-8":     "db_path: /db\n# caf\xe9\n",
		"too large":     "db_path: /db\n" + strings.Repeat("# x\n", MaxFileBytes/4),
	} {
		if cfg, faults := Parse("mvrun.yaml", []byte(text), testGrammar); cfg != nil || len(faults) != 1 {
			t.Errorf("%s: config %+v, faults %v", name, cfg, faults)
		}
	}
}

func TestFaultPosition(t *testing.T) {
	_, faults := Parse("etc/mvrun.yaml", []byte("# config\ndefaults:\n  scan:   all\n"), testGrammar)
	want := Faults{{File: "etc/mvrun.yaml", Line: 3, Column: 11, Key: "defaults.scan",
		Problem: `"all" is not a value of scan`, Hint: "use stdout, stderr or both"}}
	if !reflect.DeepEqual(faults, want) {
		t.Errorf("got %#v", faults)
	}
}

// TestSecretsStayOut: a pattern of mask may hold the secret itself.
func TestSecretsStayOut(t *testing.T) {
	_, faults := Parse("mvrun.yaml", []byte("mask: ['hunter2(', '[hunter2']\n"), testGrammar)
	if len(faults) != 2 || strings.Contains(faults.Error(), "hunter2") {
		t.Errorf("faults: %v", faults)
	}
}

// TestHomeUnknown: without a home folder ~/ cannot be expanded, and the default
// stands.
func TestHomeUnknown(t *testing.T) {
	t.Setenv("HOME", "")
	cfg, faults := Parse("mvrun.yaml", []byte("db_path: ~/db\n"), testGrammar)
	if len(faults) != 1 || cfg.DBPath != "" {
		t.Errorf("path %q, faults %v", cfg.DBPath, faults)
	}
}

// TestFaultsAreBounded: what is left out is counted.
func TestFaultsAreBounded(t *testing.T) {
	cfg, faults := Parse("mvrun.yaml", []byte("mask:\n"+strings.Repeat("- (\n", maxFaults+7)+"db_path: /db\nzz: 1\n"), testGrammar)
	if len(faults) != maxFaults+1 || cfg.DBPath != "/db" {
		t.Fatalf("%d faults, config %+v", len(faults), cfg)
	}
	if got, want := faults[0].Error(), "mvrun.yaml: has 8 more faults than the 200 listed; mend these first"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestFaultsBeyondTheBound: a wrong value is not taken over for want of room to
// report it.
func TestFaultsBeyondTheBound(t *testing.T) {
	text := "valid_direction_dic:\n" + strings.Repeat("  a: x\n", maxFaults+7) + "defaults: {timeout: never, retries: -1, scan: both}\n"
	cfg, _ := Parse("mvrun.yaml", []byte(text), testGrammar)
	if want := map[string]string{"scan": "both"}; !reflect.DeepEqual(cfg.Defaults, want) {
		t.Errorf("defaults %v, want %v", cfg.Defaults, want)
	}
}

func TestParseRoutes(t *testing.T) {
	cfg := parsed(t, `
valid_direction_dic: {LSF: alice, storage: bob}
channels:
  mail: {type: email, smtp: 'smtp.example.com:587', password: 'env:SMTP_PASSWORD'}
  sms: {type: http, headers: {A: b, C: d}, to: [x, y]}
contacts:
  alice: {email: alice@example.com, phone: 13800000000, sms: "+49 171"}
routes:
  - match: {direction: [LSF, 'st*'], item: 'check_*', title: '(?i)down', level: [alarm, Fatal], hours: '22:00-7', weekdays: [Fri-Mon, wed]}
    channels: [mail, command, mail]
    replace_receivers: alice, carol
    frequency: max  3 times per hour
    continue: yes
  - match: {hours: '12-24:00'}
    receivers: [dave]
    do: hold
quiet_hours:
  - {hours: '00:00-06:30', direction: LSF, except_levels: Fatal, do: drop}
alarm_key: text
alarm_burst: 0
give_up: 1d
remind_every: 4h
`)
	if len(cfg.Channels) != 2 || cfg.Channels[0].Settings["password"].Text != "env:SMTP_PASSWORD" ||
		!reflect.DeepEqual(cfg.Channels[1].Settings["headers"].Pairs, [][2]string{{"A", "b"}, {"C", "d"}}) {
		t.Errorf("channels %+v", cfg.Channels)
	}
	if !reflect.DeepEqual(cfg.Contacts, []Contact{{"alice", map[string]string{"email": "alice@example.com", "phone": "13800000000", "sms": "+49 171"}}}) {
		t.Errorf("contacts %+v", cfg.Contacts)
	}
	want := []Route{{
		Match: Match{
			Directions: []string{"LSF", "st*"}, Items: []string{"check_*"}, Title: "(?i)down", Levels: []string{"Alarm", "Fatal"},
			Hours: Hours{22 * 60, 7 * 60}, Weekdays: 1<<time.Friday | 1<<time.Saturday | 1<<time.Sunday | 1<<time.Monday | 1<<time.Wednesday,
		},
		Channels: []string{"mail", "command"}, Receivers: []string{"alice", "carol"}, Replace: true,
		Frequency: "max 3 times per hour", Do: DoSend, Continue: true, Line: 9,
	}, {Match: Match{Hours: Hours{12 * 60, 24 * 60}}, Receivers: []string{"dave"}, Do: DoHold, Line: 14}}
	if !reflect.DeepEqual(cfg.Routes, want) {
		t.Errorf("routes %+v\nwant %+v", cfg.Routes, want)
	}
	quiet := []QuietHours{{Match: Match{Directions: []string{"LSF"}, Hours: Hours{0, 6*60 + 30}}, Do: DoDrop, ExceptLevels: []string{"Fatal"}, Line: 18}}
	if !reflect.DeepEqual(cfg.Quiet, quiet) {
		t.Errorf("quiet hours %+v", cfg.Quiet)
	}
	if cfg.AlarmKey != "text" || cfg.AlarmBurst != 0 || cfg.GiveUp != 24*time.Hour || cfg.RemindEvery != 4*time.Hour {
		t.Errorf("%+v", cfg)
	}
}
