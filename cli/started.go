package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
)

// keepStarted remembers what started the item, for the check to say why it does not
// run any more. A run by hand says nothing about that.
func (j *job) keepStarted() {
	from := j.origin
	if from.startup == startupManual || j.parent != "" {
		return
	}
	_ = j.store.KeepStarted(j.item, record.Started{
		Hostname: from.hostname, Address: from.address, User: from.user, Startup: from.startup,
		Zone: zoneName(os.Getenv), Command: j.masker.Mask(shellCommand()), Script: from.script, Folder: workdir(),
	})
}

// shellCommand is the command line by which this process was started: what the
// shell around it was given, as cron does, or the own one where the shell has put
// mvrun in its place.
func shellCommand() string {
	if words := commandLine(os.Getppid()); len(words) >= 3 && isShell(words[0]) && words[1] == "-c" {
		return words[2]
	}
	return strings.Join(os.Args, " ")
}

func isShell(program string) bool {
	switch filepath.Base(program) {
	case "sh", "bash", "dash", "ash", "ksh", "zsh", "csh", "tcsh":
		return true
	}
	return false
}

// maxCommandLine is how much of a command line is looked at.
const maxCommandLine = 8 << 10

func commandLine(pid int) []string {
	data := record.ReadProc("/proc/"+strconv.Itoa(pid)+"/cmdline", make([]byte, maxCommandLine))
	var words []string
	for word := range bytes.SplitSeq(bytes.TrimSuffix(data, []byte{0}), []byte{0}) {
		words = append(words, string(word))
	}
	return words
}

// zoneName is the name of this host's time zone, "" where it has none: that of TZ,
// or of the file that /etc/localtime is a link to.
func zoneName(getenv func(string) string) string {
	if zone := strings.TrimPrefix(getenv("TZ"), ":"); zone != "" && !strings.HasPrefix(zone, "/") {
		return zone
	}
	target, err := os.Readlink("/etc/localtime")
	if err != nil {
		if time.Local.String() != "Local" {
			return time.Local.String() // "UTC", where there is no such file
		}
		return ""
	}
	_, name, _ := strings.Cut(target, "zoneinfo/")
	return name
}
