package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// What doctor finds of the host: versions, the database's file system, clocks,
// and what starts the jobs.

func (d *doctor) checkVersions() {
	var name unix.Utsname
	kernel := "?"
	if unix.Uname(&name) == nil {
		kernel = unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:])
	}
	d.ok("versions", "mvrun %s, %s, %s, %s/%s", version, kernel, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// checkNames looks for folders of the database that are neither shown nor checked.
func (d *doctor) checkNames() {
	first, count, err := d.store.Misnamed()
	if err != nil {
		d.warning("names", d.masker.Mask(err.Error()), "look at the rights of the folder")
	}
	if count == 0 {
		return
	}
	const few = 8
	var names []string
	for _, name := range first[:min(few, len(first))] {
		names = append(names, strconv.Quote(name))
	}
	text := strings.Join(names, ", ")
	if count > len(names) {
		text += fmt.Sprintf(" and %d more", count-len(names))
	}
	d.warning("names", fmt.Sprintf("%s of the database are not read, for their names: %s", plural(count, "folder"), text),
		"no view shows them, and no check looks at them; rename them, and have whoever writes there use names without white space")
}

// checkDirections looks for directions of the database that the config does not
// know, and for those without an admin.
func (d *doctor) checkDirections() {
	if len(d.config.Directions) == 0 {
		d.ok("directions", "any is admitted; none has an admin")
		return
	}
	var names, nobody []string
	for _, direction := range d.config.Directions {
		names = append(names, direction.Name)
		if direction.Admin == "" && d.adminOf(direction.Name) == "" {
			nobody = append(nobody, direction.Name)
		}
	}
	if len(nobody) > 0 {
		d.warning("directions", "nobody answers for "+strings.Join(nobody, ", "), "name an admin in valid_direction_dic, or one of default")
	}
	var strange []string
	if d.store != nil {
		items, _ := d.store.Candidates(nil, nil)
		for _, item := range items {
			if !slices.Contains(names, item.Direction) && item.Direction != checkItem.Direction && !slices.Contains(strange, item.Direction) {
				strange = append(strange, item.Direction)
			}
		}
	}
	if len(strange) > 0 {
		d.warning("directions", "the database has directions that are not in valid_direction_dic: "+listFew(strange),
			"add them, or retire their items with mvrun retire DIRECTION")
	}
	if len(nobody) == 0 && len(strange) == 0 {
		d.ok("directions", "%s", listFew(names))
	}
}

// listFew names the first of many.
func listFew(names []string) string {
	const few = 8
	if len(names) > few {
		return strings.Join(names[:few], ", ") + fmt.Sprintf(" and %d more", len(names)-few)
	}
	return strings.Join(names, ", ")
}

// Bounds below which space is scarce.
const (
	scarceShare  = 100 // a hundredth of a file system
	scarceBytes  = 100 << 20
	scarceInodes = 1000
)

// checkSpace looks at the space and the inodes behind a path.
func (d *doctor) checkSpace(what, path string) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		d.warning(what, err.Error(), "")
		return
	}
	block := uint64(st.Bsize) //nolint:unconvert // its type differs between systems
	free, total := uint64(st.Bavail)*block, uint64(st.Blocks)*block
	inodes := uint64(st.Ffree)
	found := fmt.Sprintf("%s free of %s", byteText(int64(free)), byteText(int64(total)))
	if st.Files > 0 {
		found += fmt.Sprintf(", %d inodes", inodes)
	}
	const advice = "until there is room, records go to the spool of each host; mvrun prune frees what retention lets go"
	switch {
	case total > 0 && free == 0 || st.Files > 0 && inodes == 0:
		d.bad(what, found, advice)
	case total > 0 && (free < total/scarceShare || free < scarceBytes) || st.Files > 0 && inodes < scarceInodes:
		d.warning(what, found, advice)
	default:
		d.ok(what, "%s", found)
	}
}

// checkLocks takes a lock of the database, as every alarm does.
func (d *doctor) checkLocks() {
	began := time.Now()
	unlock, err := d.store.Lock(".doctor", "probe")
	if err != nil {
		d.bad("locks", d.masker.Mask(err.Error()), "without locks an alarm may be sent more often than its frequency allows; look at the lock service of the file server (rpc.statd, nolock)")
		return
	}
	unlock()
	took := time.Since(began)
	if took > time.Second {
		d.warning("locks", fmt.Sprintf("work, after %v", took.Round(time.Millisecond)), "the lock service of the file server is slow")
		return
	}
	d.ok("locks", "work, %v", took.Round(10*time.Microsecond))
}

// mountOf finds the mount of a path in mountinfo of proc(5).
func mountOf(path string, mountinfo string) (kind, options string) {
	best := -1
	for line := range strings.Lines(mountinfo) {
		before, behind, found := strings.Cut(line, " - ")
		fields, rest := strings.Fields(before), strings.Fields(behind)
		if !found || len(fields) < 6 || len(rest) < 3 {
			continue
		}
		point := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\134`, `\`).Replace(fields[4])
		if path != point && !strings.HasPrefix(path, strings.TrimSuffix(point, "/")+"/") || len(point) < best {
			continue
		}
		best, kind, options = len(point), rest[0], fields[5]+","+rest[2]
	}
	return kind, options
}

// checkMount looks at the options of a network file system.
func (d *doctor) checkMount(path string) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	kind, options := mountOf(path, string(data))
	if !strings.HasPrefix(kind, "nfs") && kind != "cifs" && kind != "smb3" && kind != "lustre" && !strings.HasPrefix(kind, "fuse.") {
		d.ok("mount", "%s, local", kind)
		return
	}
	has := func(option string) bool { return slices.Contains(strings.Split(options, ","), option) }
	switch {
	case has("soft"):
		d.warning("mount", kind+", mounted soft", "a soft mount loses what is being written when the server is slow; mount it hard")
	case has("nolock") || has("local_lock=all"):
		d.warning("mount", kind+", with locks of this host alone", "alarms of several hosts may be sent more often than their frequency allows; mount it without nolock")
	case has("ro"):
		d.bad("mount", kind+", read-only", "mount it writable")
	default:
		d.ok("mount", "%s (%s)", kind, options)
	}
}

// Differences of clocks from which on somebody should do something.
const (
	clockWarning = 5 * time.Second
	clockBad     = time.Minute
)

// checkClock compares this host's clock with that of the file server, by a file
// that was just written.
func (d *doctor) checkClock(path string, before, after time.Time) {
	info, err := os.Lstat(path)
	if err != nil {
		return
	}
	written := info.ModTime()
	var off time.Duration
	switch {
	case written.Before(before):
		off = before.Sub(written)
	case written.After(after):
		off = -written.Sub(after)
	}
	const advice = "records of several hosts are out of order, and heartbeats seem late; keep clocks by NTP"
	text := fmt.Sprintf("differs by %v from that of the database's file system", off.Round(time.Millisecond))
	switch {
	case off.Abs() >= clockBad:
		d.bad("clock", text, advice)
	case off.Abs() >= clockWarning:
		d.warning("clock", text, advice)
	default:
		d.ok("clock", "%s, agrees with the database's file system", time.Now().Format("2006-01-02 15:04:05 MST"))
	}
}

// checkCron looks for the cron daemon, and for lines that run mvrun.
func (d *doctor) checkCron() {
	tabs := crontabs{supervisor: runner.NewSupervisor()}
	lines, whole := tabs.of(userName())
	running, known := cronRuns()
	jobs, checks := 0, 0
	var missing []string
	for _, line := range lines {
		at, program := mvrunOf(line.command)
		if line.disabled || at == "" {
			continue
		}
		jobs++
		if strings.HasPrefix(strings.TrimSpace(program), "check") {
			checks++
		}
		if strings.HasPrefix(at, "/") && findProgram(at) == "" {
			missing = append(missing, at+" ("+line.file+")")
		}
	}
	found := fmt.Sprintf("%d lines of %s's crontabs run mvrun", jobs, userName())
	if !whole {
		found = "the crontab of " + userName() + " cannot be read"
	}
	switch {
	case len(missing) > 0:
		d.bad("cron", "cannot be executed: "+listFew(missing), "correct the lines, or install mvrun there")
	case jobs > 0 && known && !running:
		d.bad("cron", found+", and no cron daemon is running", "start it, such as by systemctl start crond")
	case known && !running:
		d.ok("cron", "no cron daemon is running, and no line of %s's crontabs runs mvrun", userName())
	default:
		d.ok("cron", "%s, %d of them mvrun check", found, checks)
	}
}

// mvrunOf finds the mvrun of a command line, and what follows it.
func mvrunOf(command string) (program, behind string) {
	words := strings.Fields(command)
	for i, word := range words {
		if word = strings.Trim(word, `"'`); filepath.Base(word) == "mvrun" {
			return word, strings.Join(words[i+1:], " ")
		}
	}
	return "", ""
}

// checkChecks looks when the last check has gone through.
func (d *doctor) checkChecks() {
	age, err := checkAge(d.store, stampElem(), time.Now(), 0)
	command := "mvrun check"
	if d.configPath != "" {
		command += strings.ReplaceAll(configOption(d.configPath), "%", `\%`)
	}
	advice := "put */5 * * * * " + command + " into a crontab; runs and views start one a day by themselves"
	switch {
	case err != nil:
		d.ok("check", "none has gone through yet; %s", advice)
	case age > checkEvery+time.Hour:
		d.warning("check", "none has gone through since "+time.Now().Add(-age).Format(record.TimeLayout), advice)
	default:
		d.ok("check", "the last one has gone through at %s", time.Now().Add(-age).Format(record.TimeLayout))
	}
}
