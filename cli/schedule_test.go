package cli

import (
	"strings"
	"testing"
)

func TestScheduleProblem(t *testing.T) {
	for text, want := range map[string]string{
		"5 4 * * *": "", "0 0 ? * *": "", "every monday 03:00": "", "@daily": "", "每周一 03:00": "",
		// words that may say anything
		"foo bar": "", "when it rains": "", "very early": "", "after the backup of host 5": "", "at 8 10 12": "", "mon wed fri at noon, 5 times": "",
		// what is meant for cron
		"61 * * * *": `minute "61"`, "5 4 * *": "neither a crontab", "0 0 L * *": "five fields", "0 12 W * *": "five fields", "0 0 * x *": `month "x"`,
		"0 0 15W * *": `day of the month "15W"`, "0 0 12 L * ?": "five fields",
		// what is nearly understood
		"every moday 3:00": `did you mean "every monday 3:00"?`, "evry 10 minutes": `did you mean "every 10 minutes"?`, "dayly": `did you mean "daily"?`,
		"every now and then": "neither a crontab",
	} {
		problem, meant := scheduleProblem(text)
		if want == "" && problem != "" || !strings.Contains(problem+meant, want) || want != "" && !strings.HasPrefix(problem, "schedule ") {
			t.Errorf("%q: %q%q, want %q", text, problem, meant, want)
		}
		if err := scheduleFault(text); (err == nil) != (want == "") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
