package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
)

// version is the release; the build adds the revision where Go recorded it.
const version = "0.1.0"

func versionCommand() *command {
	return &command{
		name: "version", summary: "print the version",
		examples: []string{"mvrun version"},
		flags:    func() *flagSet { return newFlagSet("version") },
		run: func(args []string) error {
			if len(args) > 0 {
				return usageError{errors.New("version takes no arguments"), "to run a program of that name: mvrun -- version …"}
			}
			return printVersion(os.Stdout)
		},
	}
}

func printVersion(w io.Writer) error {
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" && len(setting.Value) >= 12 {
				revision = " (" + setting.Value[:12] + ")"
			}
		}
	}
	_, err := fmt.Fprintf(w, "mvrun %s%s %s/%s %s\n", version, revision, runtime.GOOS, runtime.GOARCH, runtime.Version())
	return err
}
