package heartbeat

import (
	"testing"
	"time"
)

func TestSpoken(t *testing.T) {
	for length, want := range map[time.Duration]string{
		340 * time.Millisecond: "340ms", 70 * time.Second: "1m10s", 2 * time.Minute: "2m", 90 * time.Minute: "1h30m", 50 * time.Hour: "2d2h",
	} {
		if got := spoken(length); got != want {
			t.Errorf("%d: %q, want %q", length, got, want)
		}
	}
}

func TestDescribeFailing(t *testing.T) {
	now := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	v := &Verdict{}
	for count, want := range map[int][2]string{
		1: {"its last run, begun 2026-11-26 09:00:00, failed", "最近一次运行 (开始于2026-11-26 09:00:00) 失败"},
		3: {"has been failing since 2026-11-26 09:00:00, 3 runs in a row", "自2026-11-26 09:00:00起持续失败, 已连续失败3次"},
	} {
		p := Problem{State: Failing, Since: now.Add(-time.Hour), Count: count}
		for i, language := range []Language{English, Chinese} {
			if got := language.Describe(v, p, now); got != want[i] {
				t.Errorf("%q, want %q", got, want[i])
			}
		}
	}
}
