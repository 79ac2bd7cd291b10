package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/runner"
)

// Two probes are run in the command's place, bare and wrapped. One is mvrun
// itself, which tells what it was given. The Go runtime, however, changes limits
// and signals before any of its code runs; so the other one is cat, which prints
// what the kernel says of it.

// observation is what the first probe tells. Texts are quoted as in Go, since
// JSON has no place for bytes that are no UTF-8.
type observation struct {
	Arguments   []string
	Environment []string
	Descriptors map[string]string
	Folder      string
}

// probeArguments are given to the probe, to be told again.
var probeArguments = []string{"two words", "", "*", "$HOME", "--help", "--", "a\nb", "\xff"}

// observe is the life of the first probe.
func observe(args []string) int {
	o := observation{Arguments: quoted(args), Environment: quoted(givenEnvironment()), Descriptors: descriptors(), Folder: workdir()}
	if folder, err := os.Readlink("/proc/self/cwd"); err == nil { // workdir believes $PWD
		o.Folder = folder
	}
	o.Folder = strconv.Quote(o.Folder)
	data, err := json.Marshal(o)
	if err != nil {
		return runner.ExitFault
	}
	if _, err := writeAll(1, data); err != nil {
		return runner.ExitFault
	}
	return 0
}

func quoted(texts []string) []string {
	var list []string
	for _, text := range texts {
		list = append(list, strconv.QuoteToASCII(text))
	}
	return list
}

// givenEnvironment is exact where os.Environ leaves out what comes twice.
func givenEnvironment() []string {
	block, err := os.ReadFile("/proc/self/environ")
	if err != nil {
		return os.Environ()
	}
	return strings.Split(strings.TrimSuffix(string(block), "\x00"), "\x00")
}

// mostDescriptors bounds the search, which asks for each number.
const mostDescriptors = 4096

// descriptors tells of each that was inherited: those that the runtime has opened
// since are closed on exec.
func descriptors() map[string]string {
	list := map[string]string{}
	for fd := range mostDescriptors {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC != 0 {
			continue
		}
		list[strconv.Itoa(fd)] = descriptor(fd)
	}
	return list
}

// descriptor is what a descriptor is open for, and what it is. The first three
// are of the run; of others, which one it is counts, too.
func descriptor(fd int) string {
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		return err.Error()
	}
	kinds := map[uint32]string{
		unix.S_IFIFO: "pipe", unix.S_IFREG: "file", unix.S_IFDIR: "folder", unix.S_IFSOCK: "socket", unix.S_IFCHR: "device", unix.S_IFBLK: "block device",
	}
	kind := kinds[uint32(info.Mode)&unix.S_IFMT]
	if kind == "" {
		kind = "other"
	}
	text := kind
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err == nil {
		text += [...]string{", read", ", write", ", read and write", ""}[flags&unix.O_ACCMODE]
		for _, known := range []struct {
			bit  int
			name string
		}{{unix.O_APPEND, ", append"}, {unix.O_NONBLOCK, ", not blocking"}} {
			if flags&known.bit != 0 {
				text += known.name
			}
		}
	}
	if fd > 2 {
		text += fmt.Sprintf(", inode %d of device %d", info.Ino, info.Dev)
	}
	return text
}

// kernelFiles are what the second probe prints.
var kernelFiles = []string{"status", "limits", "stat", "cgroup", "oom_score_adj", "coredump_filter"}

const kernelMark = "\x01mvrun\x01\n"

// probe compares what the probes see.
func (t *selftest) probe() ([]part, error) {
	bare, wrapped, err := t.probeBoth(append([]string{t.executable, internalProbe}, probeArguments...))
	if err != nil {
		return nil, err
	}
	parts := compareObservations(parseObservation(bare), parseObservation(wrapped))
	mark := filepath.Join(t.folder, "mark")
	if err := os.WriteFile(mark, []byte(kernelMark), 0o600); err != nil {
		return nil, err
	}
	cat := []string{"cat"}
	for _, name := range kernelFiles {
		cat = append(cat, mark, "/proc/self/"+name)
	}
	bare, wrapped, err = t.probeBoth(cat)
	if err != nil {
		return nil, err
	}
	return append(parts, compareKernelViews(parseKernelView(bare), parseKernelView(wrapped))...), nil
}

func (t *selftest) probeBoth(args []string) (bare, wrapped string, err error) {
	o, err := t.run(args, false)
	if err != nil {
		return "", "", err
	}
	w, err := t.run(t.wrap(args), false)
	if err != nil {
		return "", "", err
	}
	return string(o.streams[0].head), string(w.streams[0].head), nil
}

// parseObservation gives an empty one for what cannot be read.
func parseObservation(text string) observation {
	var o observation
	if json.Unmarshal([]byte(text), &o) != nil {
		return observation{}
	}
	return o
}

// kernelView is what /proc says of a process: values by name, by part.
type kernelView map[string]map[string]string

// statusParts says which lines of /proc/PID/status belong to which part.
var statusParts = [...]struct {
	part  string
	lines []string
}{
	{"umask", []string{"Umask"}},
	{"signals", []string{"SigBlk", "SigIgn", "SigPnd", "ShdPnd"}},
	{"user", []string{"Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp"}},
	{"priority", []string{"Cpus_allowed_list", "Mems_allowed_list"}},
}

// parseKernelView reads what the second probe printed. A file that this kernel
// does not have is empty.
func parseKernelView(text string) kernelView {
	view := kernelView{}
	sections := strings.Split(text, kernelMark)
	if len(sections) != len(kernelFiles)+1 {
		return view
	}
	files := map[string]string{}
	for i, name := range kernelFiles {
		files[name] = sections[i+1]
	}
	for line := range strings.Lines(files["status"]) {
		name, value, _ := strings.Cut(line, ":")
		for _, of := range statusParts {
			if slices.Contains(of.lines, name) {
				view.set(of.part, name, value)
			}
		}
	}
	const nameWidth = 26 // of the first column of /proc/PID/limits
	for line := range strings.Lines(files["limits"]) {
		if strings.HasPrefix(line, "Max ") && len(line) > nameWidth {
			view.set("limits", strings.TrimSpace(line[:nameWidth]), line[nameWidth:])
		}
	}
	for line := range strings.Lines(files["cgroup"]) {
		id, path, _ := strings.Cut(line, ":")
		view.set("cgroup", id, path)
	}
	for _, name := range []string{"oom_score_adj", "coredump_filter"} {
		view.set("priority", name, files[name])
	}
	view.readStat(files["stat"])
	return view
}

// readStat takes from /proc/PID/stat, whose fields proc(5) numbers from 1 on; the
// second, in brackets, may hold blanks.
func (view kernelView) readStat(stat string) {
	pid, _, _ := strings.Cut(stat, " ")
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 39 {
		return
	}
	field := func(number int) string { return fields[number-3] }
	view.set("session", "session", field(6))
	view.set("session", "terminal", field(7))
	view.set("session", "foreground", strconv.FormatBool(field(5) == field(8)))
	view.set("session", ownGroup, strconv.FormatBool(field(5) == pid))
	view.set("priority", "nice", field(19))
	view.set("priority", "rt_priority", field(40))
	view.set("priority", "policy", field(41))
}

// ownGroup is whether the process leads its process group.
const ownGroup = "leads its process group"

func (view kernelView) set(part, name, value string) {
	value = strings.Join(strings.Fields(value), " ")
	if value == "" {
		return
	}
	if view[part] == nil {
		view[part] = map[string]string{}
	}
	view[part][name] = value
}
