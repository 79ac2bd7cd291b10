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
		return whyFailed(e)
	case "SUPPRESSED":
		return whyHeld(e)
	}
	return ""
}

// whyFailed tells what mvrun keeps to send it later from what another program
// has tried once, and leaves out no attempt.
func whyFailed(e *entry) string {
	attempts, problem := e.get("attempts"), e.get("error")
	switch {
	case e.get("refused") == "true":
		return "it is refused for good, and only mvrun flush tries it once more: " + problem
	case attempts != "":
		return fmt.Sprintf("attempt %s failed and it is tried again: %s", attempts, problem)
	case e.get("alarm") != "":
		return "it waits in the outbox: " + problem
	}
	return strings.TrimSuffix("sending failed: "+problem, ": ")
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
	silenced := e.get("cause") == "quiet" || e.get("cause") == "mute"
	switch {
	case silenced && next == "":
		return "dropped: " + e.get("reason")
	case next == "":
		return text
	case e.get("cause") == "quiet":
		return text + "; it goes at " + next
	case silenced:
		return text + "; it goes when that ends" // the reason names the time
	}
	return text + "; one alike may go from " + next + " on"
}
