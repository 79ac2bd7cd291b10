package runner

import (
	"bytes"
	"os"
	"strconv"
)

// memoryEvents is the number of processes that the kernel has killed for want of memory in mvrun's own cgroup, which
// the command shares unless it moves itself. The zero value knows nothing and claims nothing.
type memoryEvents struct {
	file  string
	kills int64
}

// readMemoryEvents looks at memory.events (cgroup v2) or memory.oom_control (v1, since kernel 4.13). It is called when
// a command has run for a little while, so that short ones do not pay for it.
func readMemoryEvents() memoryEvents {
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return memoryEvents{}
	}
	for _, file := range memoryFiles(groups) {
		if kills, ok := readKills(file); ok {
			return memoryEvents{file: file, kills: kills}
		}
	}
	return memoryEvents{}
}

// memoryFiles lists where the count may be, from lines "N:CONTROLLERS:PATH" (cgroups(7)). In a container with a v1
// hierarchy the path may be that of the host, and the file at the mount's root.
func memoryFiles(groups []byte) []string {
	var files []string
	for line := range bytes.Lines(groups) {
		fields := bytes.SplitN(bytes.TrimSpace(line), []byte{':'}, 3)
		if len(fields) < 3 {
			continue
		}
		path := string(fields[2])
		for controller := range bytes.SplitSeq(fields[1], []byte{','}) {
			switch string(controller) {
			case "":
				files = append(files, "/sys/fs/cgroup"+path+"/memory.events")
			case "memory":
				files = append(files, "/sys/fs/cgroup/memory"+path+"/memory.oom_control",
					"/sys/fs/cgroup/memory/memory.oom_control")
			}
		}
	}
	return files
}

// readKills finds the line "oom_kill N".
func readKills(file string) (int64, bool) {
	content, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	for line := range bytes.Lines(content) {
		value, found := bytes.CutPrefix(line, []byte("oom_kill "))
		if !found {
			continue
		}
		kills, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
		return kills, err == nil
	}
	return 0, false
}

// killedSince tells whether the count has grown.
func (m memoryEvents) killedSince() bool {
	if m.file == "" {
		return false
	}
	kills, ok := readKills(m.file)
	return ok && kills > m.kills
}
