package viewer

import (
	"fmt"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
)

// whyColumn says in words what became of an alarm: why nobody was told, and when
// somebody will be.
func whyColumn() column { return column{title: "Why", value: why, least: 24} }

func why(e *entry) string {
	switch e.get("send_alarm_result") {
	case "PASSED":
		return whySent(e)
	case "FAILED":
		if e.get("given_up") == "true" {
			return e.get("error")
		}
		return fmt.Sprintf("attempt %s failed and it is tried again: %s", orOne(e.get("attempts")), e.get("error"))
	case "SUPPRESSED":
		return whyHeld(e)
	}
	return ""
}

func orOne(text string) string {
	if text == "" {
		return "1"
	}
	return text
}

func whySent(e *entry) string {
	text := "sent"
	if channels := e.get("channels"); channels != "" {
		text += " by " + strings.NewReplacer(`["`, "", `"]`, "", `","`, ", ", `", "`, ", ").Replace(channels)
	}
	if attempts := e.get("attempts"); attempts != "" && attempts != "1" {
		text += " at attempt " + attempts
	}
	if count := e.get("digest_of"); count != "" {
		text += ", a digest of " + count + " alarms"
	}
	return text
}

func whyHeld(e *entry) string {
	text := "held back: " + e.get("reason")
	next := e.get("next")
	if moment, err := time.Parse(time.RFC3339, next); err == nil {
		next = moment.In(e.at.Location()).Format(record.TimeLayout)
	}
	if next == "" {
		return text
	}
	switch e.get("cause") {
	case "quiet":
		return text + "; it goes at " + next
	case "mute":
		return text // the reason names the end
	}
	return text + "; one alike may go from " + next + " on"
}
