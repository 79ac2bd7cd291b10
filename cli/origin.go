package cli

import (
	"bytes"
	"net"
	"os"
	"os/user"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/record"
)

// Startup methods, as they are recorded. A manual run raises no expectation
// that it will happen again.
const (
	startupCrontab = "crontab"
	startupJenkins = "jenkins"
	startupSystemd = "systemd"
	startupLSF     = "lsf"
	startupSlurm   = "slurm"
	startupCI      = "ci"
	startupManual  = "manual"
)

// startupMethod finds out what has started this process. Batch systems and CI
// servers say so in the environment; cron and systemd are found among the
// ancestors, since what they put into the environment is inherited by
// everything that a user starts from there.
func startupMethod(getenv func(string) string, ancestors func() []string) string {
	switch {
	case getenv("JENKINS_URL") != "" || getenv("BUILD_URL") != "" && getenv("BUILD_NUMBER") != "":
		return startupJenkins
	case getenv("LSB_JOBID") != "":
		return startupLSF
	case getenv("SLURM_JOB_ID") != "":
		return startupSlurm
	}
	for i, name := range ancestors() {
		switch strings.ToLower(name) {
		case "cron", "crond", "anacron", "fcron", "supercronic":
			return startupCrontab
		case "systemd":
			if i == 0 && getenv("INVOCATION_ID") != "" {
				return startupSystemd
			}
		}
	}
	if ci := getenv("CI"); ci != "" && ci != "false" && ci != "0" {
		return startupCI
	}
	return startupManual
}

// Bounds of the search for cron. cron begins a session for each job, so that it
// is the parent, or the one above, of the process that leads ours: looking
// further up would cost every run on a busy host for nothing.
const (
	maxAncestors  = 8
	beyondSession = 2
)

// processAncestors names the ancestors of this process, nearest first.
func processAncestors() []string {
	var names []string
	buf := make([]byte, record.ProcBytes)
	leader, _ := unix.Getsid(0)
	pid, beyond := os.Getppid(), 0
	inSession := leader != os.Getpid()
	for len(names) < maxAncestors && pid > 0 {
		name, parent, ok := readStat(pid, buf)
		if !ok {
			break
		}
		names = append(names, name)
		if !inSession {
			beyond++
		}
		if beyond == beyondSession {
			break
		}
		inSession = inSession && pid != leader
		pid = parent
	}
	return names
}

// readStat reads the name and the parent of a process by way of a buffer; see
// proc(5).
func readStat(pid int, buf []byte) (name string, parent int, ok bool) {
	stat := record.ReadProc("/proc/"+strconv.Itoa(pid)+"/stat", buf)
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if open < 0 || end < open {
		return "", 0, false
	}
	_, behind, _ := bytes.Cut(stat[end:], []byte(") ")) // the state, the parent, and many more
	_, behind, _ = bytes.Cut(behind, []byte{' '})
	number, _, _ := bytes.Cut(behind, []byte{' '})
	parent, err := strconv.Atoi(string(number))
	return string(stat[open+1 : end]), parent, err == nil
}

// userName is the name of the user in whose name the job runs: that of
// /etc/passwd, since the environment may be another user's after su. A user of
// a directory service is taken from the environment; no name service is asked.
func userName() string {
	if os.Getuid() == 0 {
		return "root" // most jobs need not read the file
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	for _, name := range []string{"LOGNAME", "USER"} {
		if value := os.Getenv(name); value != "" {
			return record.CutTo(value, maxText)
		}
	}
	return strconv.Itoa(os.Getuid())
}

// hostName is the name of this host. MVRUN_HOSTNAME replaces it, for hosts that
// share a name and for tests.
func hostName() string {
	if name := os.Getenv("MVRUN_HOSTNAME"); name != "" {
		return name
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "localhost"
}

// hostAddress is the address of this host from which it reaches others, found
// without asking a name service and without sending anything: connecting a UDP
// socket only looks up the route. A host without a route is asked for the
// addresses of its interfaces.
func hostAddress() string {
	if ip := routeAddress(); usable(ip) {
		return ip.String()
	}
	addresses, _ := net.InterfaceAddrs()
	for _, wantV4 := range []bool{true, false} {
		for _, address := range addresses {
			if network, ok := address.(*net.IPNet); ok && usable(network.IP) && (network.IP.To4() != nil) == wantV4 {
				return network.IP.String()
			}
		}
	}
	return "127.0.0.1"
}

func usable(ip net.IP) bool {
	return ip != nil && !ip.IsLoopback() && !ip.IsUnspecified() && !ip.IsLinkLocalUnicast()
}
