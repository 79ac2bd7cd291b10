package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/words"
)

// checkSchedule warns of a schedule that cannot be what it is meant for.
func (j *job) checkSchedule() {
	if j.options.schedule == "" || !j.options.told["schedule"] {
		return
	}
	if problem, meant := scheduleProblem(j.options.schedule); problem != "" {
		j.warn(problem + "; it is learned instead" + meant)
	}
}

// scheduleFault is what is wrong with a schedule of the config.
func scheduleFault(text string) error {
	if problem, meant := scheduleProblem(text); problem != "" {
		return errors.New(problem + meant)
	}
	return nil
}

// scheduleProblem tells of a schedule that is meant for cron, or begins as words do
// that are understood, and cannot be one. Other words may say anything: what is not
// understood is shown as it is, and learned. Meant is a suggestion, or "".
func scheduleProblem(text string) (problem, meant string) {
	_, err := heartbeat.Parse(text)
	switch {
	case err == nil:
		return "", ""
	case !heartbeat.AreWords(text):
		return err.Error(), ""
	case looksLikeFields(text):
		return fmt.Sprintf("schedule %q: is no crontab's five fields, which hold numbers from LOW-HIGH, lists with commas, */STEP, *, and names such as mon or feb", text), ""
	}
	near := heartbeat.NearestBeginning(text, words.Nearest)
	if near == "" && heartbeat.BeginsLikeWords(text) {
		if near = heartbeat.NearestWords(text, words.Nearest); near == "" {
			return err.Error(), ""
		}
	}
	if near == "" {
		return "", ""
	}
	return err.Error(), fmt.Sprintf("; did you mean %q?", near)
}

// looksLikeFields reports whether most of five or six words are fields of a crontab,
// so that the others are meant to be: such as L and W, which Quartz has.
func looksLikeFields(text string) bool {
	fields := strings.Fields(text)
	if len(fields) < 5 || len(fields) > 6 {
		return false
	}
	plain := 0
	for _, field := range fields {
		if strings.Trim(field, "0123456789*?/,-") == "" && strings.ContainsAny(field, "0123456789*?") {
			plain++
		}
	}
	return plain > len(fields)/2
}
