package heartbeat

import (
	"fmt"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
)

// Language is that of the texts which people are sent.
type Language string

// The languages.
const (
	English Language = "en"
	Chinese Language = "zh"
)

// say gives a text in the language.
func (l Language) say(english, chinese string, args ...any) string {
	if l == Chinese {
		return fmt.Sprintf(chinese, args...)
	}
	return fmt.Sprintf(english, args...)
}

// SilentTitle is the title that monitorViewer gives to its alarms about items
// without a heartbeat, whatever the language.
const SilentTitle = "Default Alarm: 心跳日志中断!"

// Title is the title of an alarm about a problem.
func (l Language) Title(p Problem) string {
	what := l.say("a job has a problem", "作业异常")
	switch p.State {
	case Late, Stopped:
		return SilentTitle
	case Hanging, Overlong:
		what = l.say("a job runs too long", "作业运行时间过长")
	case WrapperLost:
		what = l.say("a job lost its mvrun", "mvrun 进程丢失")
	case NeverFinished:
		what = l.say("a job never finished", "作业未正常结束")
	case Failing:
		what = l.say("a job keeps failing", "作业持续失败")
	case Stuck:
		what = l.say("alarms cannot be sent", "告警发送受阻")
	}
	return "Default Alarm: " + what + "!"
}

// BackTitle is the title of the notice that a problem is over.
func (l Language) BackTitle(state State) string {
	if state.Silent() {
		return "Default Alarm: " + l.say("the heartbeat is back", "心跳日志恢复")
	}
	return "Default Alarm: " + l.say("well again", "恢复正常")
}

// Message is the text of an alarm about a problem of an item. Of what has stopped
// it begins as monitorViewer's does.
func (l Language) Message(v *Verdict, p Problem, now time.Time) string {
	text := l.about(v.Item, p.State) + l.Describe(v, p, now)
	if l == Chinese {
		return text + "."
	}
	return text
}

func (l Language) about(item record.Item, state State) string {
	if l != Chinese {
		return item.String() + ": "
	}
	return fmt.Sprintf("针对%s方向的监控项%s, ", item.Direction, item.Name)
}

// Describe says what a problem is, in a line without the item.
func (l Language) Describe(v *Verdict, p Problem, now time.Time) string {
	since := clockText(p.Since, now)
	switch p.State {
	case Late, Stopped:
		return l.silent(v, p, now)
	case Hanging:
		return l.say("run %s on %s has been running since %s, %s; it never took longer than %s", "运行%s (主机%s) 自%s起已运行%s, 以往最长为%s, 请检查是否挂起",
			p.Run, p.Host, since, spoken(p.Length), spoken(p.Limit))
	case Overlong:
		if !p.Ended {
			return l.say("run %s on %s has been running since %s, %s; --max-duration is %s", "运行%s (主机%s) 自%s起已运行%s, 超过上限%s",
				p.Run, p.Host, since, spoken(p.Length), spoken(p.Limit))
		}
		return l.say("run %s on %s, begun %s, took %s; --max-duration is %s", "运行%s (主机%s) 开始于%s, 已用时%s, 超过上限%s",
			p.Run, p.Host, since, spoken(p.Length), spoken(p.Limit))
	case WrapperLost:
		return l.say("the mvrun of run %s on %s was killed; the job may still be running, how it ended is not known", "运行%s (主机%s) 的mvrun进程被终止, 作业可能仍在运行, 作业结果未知", p.Run, p.Host)
	case NeverFinished:
		return l.say("run %s on %s, begun %s, never finished: the host was started anew meanwhile", "运行%s (主机%s) 开始于%s, 因主机重启而未结束", p.Run, p.Host, since)
	case Failing:
		if p.Count < 2 {
			return l.say("its last run, begun %s, failed", "最近一次运行 (开始于%s) 失败", since)
		}
		return l.say("has been failing since %s, %d runs in a row", "自%s起持续失败, 已连续失败%d次", since, p.Count)
	case Stuck:
		return l.say("%d alarms could not be sent for more than an hour, the oldest since %s", "有%d条告警超过一小时未能发出, 最早的始于%s", p.Count, since)
	}
	return string(p.State)
}

// silent is the text about an item without a heartbeat.
func (l Language) silent(v *Verdict, p Problem, now time.Time) string {
	since := clockText(p.Since, now)
	if p.Due.IsZero() {
		return l.say("no heartbeat today and yesterday, the last one was at %s; look whether it is still started",
			"心跳日志已经中断超过一天, 请检查服务是否未正常启动, 最近一次心跳: %s", since)
	}
	text := l.say("no heartbeat since %s, one was due at %s", "心跳日志已经中断, 请检查服务是否未正常启动, 最近一次心跳: %s, 应于%s运行", since, clockText(p.Due, now))
	switch {
	case p.Count >= maxMissedCount:
		text += l.say(", more than %d are missing", ", 已缺失%d次以上", maxMissedCount-1)
	case p.Count > 1:
		text += l.say(", %d are missing", ", 已缺失%d次", p.Count)
	}
	return text + l.say(" (%s)", " (%s)", l.Rhythm(v))
}

// Rhythm says by which schedule an item is judged, and how sure that is.
func (l Language) Rhythm(v *Verdict) string {
	switch v.Source {
	case Learned:
		return l.say("%s, learned from %d heartbeats, kept by %d %%", "%s, 由%d次心跳学得, 符合率%d%%", v.Schedule, v.Beats, int(v.Kept*100))
	case Daily:
		return l.say("no schedule is known", "无已知周期")
	}
	return v.Schedule
}

// Back is the text of the notice that a problem is over.
func (l Language) Back(v *Verdict, state State, since, now time.Time) string {
	about := l.about(v.Item, state)
	if state.Silent() {
		return about + l.say("there is a heartbeat again, at %s; there had been none since %s", "心跳已恢复, 最近一次心跳: %s, 此前中断自%s",
			clockText(v.Last, now), clockText(since, now))
	}
	return about + l.say("is well again; it had been %s since %s", "已恢复正常, 此前状态: %s, 始于%s", state, clockText(since, now))
}

// clockText is a time as people write it, with the zone where that is not the
// reader's.
func clockText(t, now time.Time) string {
	if t.IsZero() {
		return "?"
	}
	return t.In(now.Location()).Format(record.TimeLayout)
}

// spoken writes a length of time without more digits than anybody wants.
func spoken(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Minute:
		text := d.Round(time.Second).String()
		if strings.HasSuffix(text, "m0s") {
			text = strings.TrimSuffix(text, "0s")
		}
		return text
	}
	return d.Round(10 * time.Millisecond).String()
}
