package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mvrun/mvrun/config"
)

// initReport is what init has done.
type initReport struct {
	path     string
	backup   string // of the config that was there; "" where there was none
	db       string
	made     bool // the database is new
	config   *config.Config
	takeover *config.Takeover // nil without --from
	taken    []string         // the settings that are from there
}

// report says what was done, and what comes next.
func (o *initOptions) report(w io.Writer, r initReport) {
	fmt.Fprintf(w, "wrote %s\n", r.path)
	if r.backup != "" {
		fmt.Fprintf(w, "kept the config that was there as %s\n", r.backup)
	}
	if r.takeover != nil {
		fmt.Fprintf(w, "took over from %s: %s\n", r.takeover.File, strings.Join(r.taken, ", "))
		if left := linesLeft(r.takeover); left > 0 {
			fmt.Fprintf(w, "left %d of its lines, as listed\n", left)
		}
	}
	does := "uses"
	if r.made {
		does = "made"
	}
	fmt.Fprintf(w, "%s the database %s\n", does, r.db)
	switch {
	case o.shared:
		fmt.Fprintln(w, "every user can write to it")
	case r.config.DBPath == "":
		fmt.Fprintln(w, "other users keep their records below their homes; --shared makes one database for all")
	}
	fmt.Fprintf(w, "alarms are sent by: %s\n", r.config.SendAlarmCommand)
	options := configOption(r.path)
	fmt.Fprintf(w, "\nnext:\n  mvrun doctor%s\nand in a crontab:\n  */10 * * * * mvrun%s --direction %s --item my_check -- /path/to/my_check.sh\n  */5 * * * * mvrun check%s >/dev/null\n",
		options, strings.ReplaceAll(options, "%", `\%`), shellWord(exampleDirection(r.config)), strings.ReplaceAll(options, "%", `\%`))
}

// linesLeft counts lines: one may have been left for more than one reason.
func linesLeft(takeover *config.Takeover) int {
	lines := make(map[int]bool)
	for _, fault := range takeover.Left {
		lines[fault.Line] = true
	}
	return len(lines)
}

// configOption names the config to mvrun where it would not find it by itself,
// or would find another one first.
func configOption(path string) string {
	executable, _ := os.Executable()
	found := config.Find(config.FindOptions{Executable: executable, Home: os.Getenv("HOME")})
	if found == path {
		return ""
	}
	return " --config " + shellWord(path)
}

func exampleDirection(cfg *config.Config) string {
	for _, direction := range cfg.Directions {
		if direction.Name != "default" {
			return direction.Name
		}
	}
	return "default"
}
