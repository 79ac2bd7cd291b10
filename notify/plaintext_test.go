package notify

import "testing"

// Messages of real checks: each line of a group is the same alarm, and each
// group is another one.
var messages = [][]string{
	{"load 93.1", "load 94.7", "load 3", "load 1,024.5", "load -1"},
	{"load average: 93.10, 94.72, 90.01", "load average: 3.1, 4.2, 5.3"},
	{"n232-133-016 is unreachable"},
	{"n232-133-017 is unreachable"},
	{"license server lic01 is down since 2026-11-26 08:00:00", "license server lic01 is down since 2026-11-27 23:59:59"},
	{"license server lic02 is down since 2026-11-26 08:00:00"},
	{"/proj is 97% full", "/proj is 98.5% full", "/proj is 100 % full"},
	{"/home is 97% full"},
	{"/proj: 12GB free of 4 TB", "/proj: 900 MB free of 4 TB", "/proj: 1.5 GiB free of 8TB"},
	{"job 123456 of alice uses 512 GB", "job 99 of alice uses 7.5 TB"},
	{"job 123456 of bob uses 512 GB"},
	{"timeout after 30s", "timeout after 1m30s", "timeout after 300 ms", "timeout after 2 hours"},
	{"connect to 10.1.2.3:8080: connection refused", "connect to 192.168.0.1:22: connection refused", "connect to [fe80::1]:22: connection refused"},
	{"duplicate address 00:1b:63:84:45:e6", "duplicate address 52:54:00:12:34:56", "duplicate address aa:bb:cc:dd:ee:ff", "duplicate address 001a.2b3c.4d5e",
		"duplicate address aabb.ccdd.eeff", "duplicate address AA-BB-CC-DD-EE-FF"},
	{"a face:to:face talk of cafe.beef"},
	{"slot #5 is empty", "slot #77 is empty"},
	{"slot #a is empty"},
	{"it costs $5", "it costs $6.50"},
	{"job<12345> has ended", "job<1> has ended"},
	{"job<n1> has ended"},
	{"segfault at 0x7ffe8a3c ip 00007f3b2c1d error 4", "segfault at 0x0 ip 00005f3b2c1d error 6"},
	{"task 550e8400-e29b-41d4-a716-446655440000 failed", "task 123E4567-E89B-12D3-A456-426614174000 failed"},
	{"commit 5177977ab is broken", "commit fd7803b1c is broken"},
	{"cannot open /tmp/run.4711/out.log", "cannot open /tmp/run.4712/out.log", "cannot open /tmp/x9/out.log"},
	{"cannot open /tmp/run/out.log"},
	{"GET https://x.example.com/jobs/17?id=4: 503", "GET https://x.example.com/jobs/18?id=5: 500"},
	{"Thu Nov 26 10:00:00 2026 sshd[4711]: error", "Fri Dec 4 09:13:44 2026 sshd[99]: error"},
	{"Traceback: line 17, in check.py:17", "Traceback: line 18, in check.py:99"},
	{"使用率93%，剩余5个节点", "使用率100%，剩余12个节点", "使用率９３%，剩余１２个节点"},
	{"槽位５故障", "槽位６６故障"},
	{"使用率过高"},
	{"磁盘 /ic/tools 使用率 93.5 %", "磁盘 /ic/tools 使用率 99 %"},
	{"license: 3/42 in use", "license: 42/42 in use"},
	{"load=93.1 mem=12GB", "load=1 mem=900MB"},
	{"pid=123, state D for 120 seconds", "pid=4567, state D for 2 minutes"},
	{"temperature 81.5°C on cpu0", "temperature 90 °C on cpu0"},
	{"temperature 81.5°C on cpu1"},
	{"2026-11-26T10:00:00.123Z node n1 is down", "2026-12-01T00:00:00+08:00 node n1 is down"},
	{"08:15:30 node n1 is down"},
	{"retry 3 of 5", "retry 4 of 10"},
	{"value 1.2e-5 exceeds 1E3", "value 7e+9 exceeds 22"},
	{"queue short has 1234 pending jobs for 3 days", "queue short has 7 pending jobs for 12 hours"},
	{"queue long has 1234 pending jobs for 3 days"},
	{"a4 paper is out"},
	{"eth0: link down"},
	{"eth1: link down"},
	{""},
}

// Some groups say the same with other words around the value.
var alike = map[[2]int]bool{{37, 38}: true, {38, 37}: true}

func TestPlainTextKeepsWhatAnAlarmIsAbout(t *testing.T) {
	for i, group := range messages {
		want := plainText(group[0])
		for _, message := range group[1:] {
			if got := plainText(message); got != want {
				t.Errorf("%q and %q are two alarms: %q, %q", group[0], message, want, got)
			}
		}
		for j, other := range messages {
			if i != j && !alike[[2]int{i, j}] && plainText(other[0]) == want {
				t.Errorf("%q and %q are one alarm: %q", group[0], other[0], want)
			}
		}
	}
}

func FuzzPlainText(f *testing.F) {
	for _, group := range messages {
		for _, message := range group {
			f.Add(message)
		}
	}
	f.Fuzz(func(t *testing.T, message string) {
		once := plainText(message)
		if len(once) > len(message)*3 { // a byte that is not UTF-8 becomes one of three
			t.Errorf("%q grew to %q", message, once)
		}
	})
}
