package cli

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/pflag"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
	"github.com/mvrun/mvrun/web"
)

// isReport reports whether one run is asked for, whole. As CSV and TSV it is a line
// of a listing.
func (o *viewOptions) isReport() bool {
	return o.report != nil && (o.format == string(viewer.Table) || o.format == string(viewer.JSON))
}

// checkReport refuses flags about listings for a run, and the other way round.
func (o *viewOptions) checkReport(f *flagSet) (err error) {
	if !o.isReport() {
		if o.output {
			return usageError{errors.New("--output is about one run"), "mvrun view run ID --output"}
		}
		return nil
	}
	f.Visit(func(flag *pflag.Flag) {
		switch flag.Name {
		case "config", "db", "format", "output", "no-pager", "direction", "item", "wide":
			return
		}
		err = usageError{fmt.Errorf("--%s is about listings, not about one run", flag.Name), "mvrun view run --help; mvrun view log --run ID lists the logs of a run"}
	})
	if o.output && o.format != string(viewer.Table) {
		return usageError{errors.New("--output prints the output as it is"), "leave --format out; JSON has the output with all else"}
	}
	return err
}

// printReport prints one run whole, or only its kept output.
func (o *viewOptions) printReport(s *session, store *record.Store, out io.Writer) error {
	report, err := viewer.ReadRun(store, *o.report, time.Now(), s.reportOptions(store, o.filter.Directions, o.filter.Items))
	if err != nil {
		return reportError(err)
	}
	if !o.output {
		return viewer.PrintRun(out, report, printed(o.format))
	}
	switch kept := &report.Output; {
	case kept.Path == "":
		return statusError{fmt.Errorf("no output of run %s was kept; see --keep-output", report.ID), 1}
	case kept.Problem != "":
		return statusError{fmt.Errorf("output of run %s: %s", report.ID, kept.Problem), 1}
	}
	return viewer.PrintOutput(out, &report.Output)
}

// reportOptions say whose run it may be, and where alarms wait.
func (s *session) reportOptions(store *record.Store, directions, items []string) viewer.RunOptions {
	return viewer.RunOptions{
		Masker: s.newMasker(), Directions: directions, Items: items,
		Waiting: func(run *viewer.Run) ([]viewer.WaitingAlarm, error) { return web.WaitingAlarms(store, run, time.Local) },
	}
}

// printed are the options of a text about one run.
func printed(format string) viewer.Options {
	width := terminalWidth(1)
	return viewer.Options{Format: viewer.Format(format), Width: width, Color: isColored(width), Now: time.Now()}
}

// reportError tells what is wrong with a command line, as an empty id, from what is
// right and not on record: that is status 1.
func reportError(err error) error {
	input, ok := errors.AsType[*viewer.InputError](err)
	switch {
	case !ok:
		return statusError{err, 1}
	case input.Value == "":
		return usageError{input, input.Hint}
	}
	return statusError{usageError{input, input.Hint}, 1}
}
