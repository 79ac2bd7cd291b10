package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mvrun/mvrun/record"
)

// pruneJSON is the summary for programs.
func pruneJSON(r record.PruneReport, dryRun bool) string {
	problems := make([]string, 0, len(r.Problems))
	for _, problem := range r.Problems {
		problems = append(problems, problem.Error())
	}
	data, _ := json.Marshal(struct { // nothing of it can fail
		DryRun   bool          `json:"dry_run"`
		Removed  record.Amount `json:"removed"`
		Archived record.Amount `json:"archived"`
		Packed   int64         `json:"packed_bytes"`
		Copies   record.Amount `json:"copies"`
		Outputs  record.Amount `json:"outputs"`
		Unsent   int           `json:"unsent_days"`
		Waiting  int           `json:"waiting_days"`
		Others   int           `json:"other_users_files"`
		Failures int           `json:"failures"`
		Problems []string      `json:"problems"`
	}{dryRun, r.Removed, r.Archived, r.Packed, r.Copies, r.Outputs, r.Unsent, r.Waiting, r.Others, r.Failures, problems})
	return string(data) + "\n"
}

// pruneSummary is the summary for people.
func pruneSummary(r record.PruneReport, dryRun bool) string {
	parts := pruneParts(r, dryRun)
	if len(parts) == 0 {
		return "nothing is past its date\n"
	}
	return strings.Join(parts, "\n") + "\n"
}

// pruneLine is what was done between two reports, on one line.
func pruneLine(before, after record.PruneReport, dryRun bool) string {
	less := func(a, b record.Amount) record.Amount {
		return record.Amount{Files: a.Files - b.Files, Bytes: a.Bytes - b.Bytes}
	}
	return strings.Join(pruneParts(record.PruneReport{
		Removed: less(after.Removed, before.Removed), Archived: less(after.Archived, before.Archived),
		Packed: after.Packed - before.Packed, Copies: less(after.Copies, before.Copies), Outputs: less(after.Outputs, before.Outputs),
		Unsent: after.Unsent - before.Unsent, Waiting: after.Waiting - before.Waiting, Others: after.Others - before.Others,
	}, dryRun), ", ")
}

func pruneParts(r record.PruneReport, dryRun bool) []string {
	removed, archived := "removed", "archived"
	if dryRun {
		removed, archived = "would remove", "would archive"
	}
	var parts []string
	amount := func(verb string, a record.Amount, what, more string) {
		if a.Files > 0 {
			parts = append(parts, fmt.Sprintf("%s %s (%s%s)", verb, plural(a.Files, what), byteText(a.Bytes), more))
		}
	}
	count := func(n int, what, why string) {
		if n > 0 {
			parts = append(parts, "left "+plural(n, what)+" "+why)
		}
	}
	ratio := ""
	if r.Packed > 0 {
		ratio = fmt.Sprintf(", now %s, %.1f:1", byteText(r.Packed), float64(r.Archived.Bytes)/float64(r.Packed))
	}
	amount(removed, r.Removed, "day file", "")
	amount(archived, r.Archived, "day file", ratio)
	amount(removed, r.Copies, "carried-over file", "")
	amount(removed, r.Outputs, "output", "")
	count(r.Unsent, "day", "with alarms that wait to be sent")
	count(r.Waiting, "day", "to the next prune: they are not carried over, or in use")
	count(r.Others, "file", "of other users")
	return parts
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// byteText writes an amount as people read it.
func byteText(n int64) string {
	value, unit := float64(n), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB", "PiB"} {
		if value < 1024 {
			break
		}
		value, unit = value/1024, next
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", value, unit)
}
