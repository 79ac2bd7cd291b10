package viewer

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
)

// column is one column of a listing.
type column struct {
	title string
	value func(e *entry) string
	// shown is how a table shows a value to people; nil means as it is.
	shown func(value string) string
	// least is the width below which a table does not cut the column, and whole says
	// that a part of such a value says nothing.
	least int
	whole bool
	// style is how a table marks a value; nil means not at all.
	style func(value string) style
}

// shownColumns are the columns of a kind with those that were asked for besides. In a
// table the message stays the last, since only the last one may have several lines.
func shownColumns(kind record.Kind, o Options) []column {
	columns := columnsOf(kind)
	switch {
	case !o.Why || kind != record.Alarm:
		return columns
	case o.Format == Table:
		return slices.Insert(columns, len(columns)-1, whyColumn())
	}
	return append(columns, whyColumn())
}

// columnsOf are the columns of a kind, as monitorViewer names them; Run is
// mvrun's own.
func columnsOf(kind record.Kind) []column {
	switch kind {
	case Monitor:
		status := key("Status", "status").wholeTo(len("never finished"))
		status.style = stateStyle
		return []column{
			direction(), key("Admin", record.KeyDirectionAdmin), item(), key("Startup", record.KeyStartup),
			key("Host", record.KeyStartupHost), {title: "Exec_Frequency", value: executeFrequency, least: 8},
			key("Alarm_Frequency", record.KeyAlarmFrequency), key("Script", record.KeyScript),
			status, key("Last", "last").wholeTo(timeWidth), key("Next", "next").wholeTo(timeWidth), key(runsTitle, runsKey),
		}
	case record.Heartbeat:
		return []column{direction(), item(), when(), key("User", "user"), key("Host", "host"), key("Script", "script")}
	case record.Log:
		level := key("Message_Level", "message_level").wholeTo(12)
		level.style = levelStyle
		return []column{direction(), item(), when(), level, key("Message", "message")}
	case record.Alarm:
		result := key("Alarm_Result", "send_alarm_result").wholeTo(12)
		result.style = resultStyle
		return []column{direction(), item(), when(), key("Receivers", "receivers"), result, key("Message", "message")}
	}
	return runColumns()
}

func runColumns() []column {
	status := column{title: "Status", value: exitStatus, least: 6, whole: true, style: statusStyle}
	run := key("Run", "run")
	run.least = 14 // tells most runs of an item from each other
	duration := key("Duration", "duration")
	duration.shown, duration.least = roundSeconds, 10
	return []column{
		direction(), item(), when(), run, status, {title: "Cause", value: cause, least: 8},
		duration, key("Startup", "startup"), key("Host", "host"),
	}
}

func key(title, name string) column {
	return column{title: title, value: func(e *entry) string { return e.get(name) }, least: 8}
}

// wholeTo makes a column that is not cut where its values are up to so wide.
func (c column) wholeTo(width int) column {
	c.least, c.whole = width, true
	return c
}

const timeWidth = len(record.TimeLayout)

func direction() column {
	return column{title: "Direction", value: func(e *entry) string { return e.item.Direction }, least: 9}
}

const itemTitle = "Item"

func item() column {
	return column{title: itemTitle, value: func(e *entry) string { return e.item.Name }, least: 12}
}

// runsTitle is the title of the column that costs most to know.
const runsTitle = "Runs"

// timeTitle is the title of the column by which records are sorted on the disk.
const timeTitle = "Time"

// when is the time as the record has it.
func when() column {
	return column{title: timeTitle, value: timeText}.wholeTo(timeWidth)
}

func timeText(e *entry) string {
	if text := e.get("time"); text != "" {
		return text
	}
	if e.get("ts") == "" {
		return e.at.Format(time.DateOnly) // all that is known: the day of the file
	}
	return e.at.Format(record.TimeLayout)
}

func executeFrequency(e *entry) string {
	if text := e.get(record.KeyExecuteFrequency); text != "" {
		return text
	}
	return e.get(record.KeySchedule)
}

// exitStatus is empty where there is none: the run was lost or never began.
func exitStatus(e *entry) string {
	if code := e.get("exit_code"); !strings.HasPrefix(code, "-") {
		return code
	}
	return ""
}

func cause(e *entry) string {
	text := e.get("cause")
	if signal := e.get("signal"); signal != "" && text == "signal" {
		return text + " " + signal
	}
	return text
}

// roundSeconds makes 93.4817 readable: 1m33.482s.
func roundSeconds(text string) string {
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || seconds < 0 || seconds > maxSeconds {
		return text
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond).String()
}

// maxSeconds is what a time.Duration can hold, a little less.
const maxSeconds = 9e9
