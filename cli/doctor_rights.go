package cli

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/config"
)

// What doctor finds of who else could change what the jobs of this user run, or read
// what is to be secret.

// checkRights looks at the files that the config leads to.
func (d *doctor) checkRights() {
	if d.configPath != "" {
		d.checkWriters(d.configPath, "the commands in it are run by the jobs of all who use it")
	}
	if program := d.commandProgram(); strings.Contains(program, "/") && findProgram(program) != "" {
		d.checkWriters(program, "send_alarm_command runs it with the rights of each job")
	}
	for _, path := range secretFiles(d.config) {
		d.checkSecret(path)
	}
}

// checkWriters warns where others can change a file, or put another one in its place.
func (d *doctor) checkWriters(path, why string) {
	var file, folder unix.Stat_t
	if unix.Stat(path, &file) != nil {
		return // which is found elsewhere
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		real = path
	}
	if file.Mode&unix.S_IWOTH != 0 {
		d.warning("rights", fmt.Sprintf("everybody may write to %s, and %s", real, why), "chmod o-w "+shellWord(real))
	}
	if owner := int(file.Uid); owner != 0 && os.Geteuid() == 0 { // others trust the one who keeps it for them
		d.warning("rights", fmt.Sprintf("%s belongs to %s, who may change it, and %s", real, userOf(owner), why),
			"chown root "+shellWord(real)+", unless everybody whose jobs use it trusts "+userOf(owner))
	}
	at := filepath.Dir(real)
	if unix.Stat(at, &folder) == nil && folder.Mode&unix.S_IWOTH != 0 && folder.Mode&unix.S_ISVTX == 0 {
		d.warning("rights", fmt.Sprintf("everybody may put another %s in its place, and %s", real, why), "chmod o-w "+shellWord(at))
	}
}

// checkSecret warns where others can read a secret, or change it.
func (d *doctor) checkSecret(path string) {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil || st.Mode&(unix.S_IROTH|unix.S_IWOTH) == 0 {
		return
	}
	may := "read"
	if st.Mode&unix.S_IWOTH != 0 {
		may = "write to"
	}
	d.warning("rights", fmt.Sprintf("everybody may %s %s, which holds a secret", may, path),
		"chmod o-rwx "+shellWord(path)+", and give it to a group where the jobs of several users need it")
}

// checkSticky warns where everybody can take the records of others out of a database.
func (d *doctor) checkSticky(path string) {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil || st.Mode&unix.S_IWOTH == 0 || st.Mode&unix.S_ISVTX != 0 {
		return
	}
	d.warning("rights", "everybody may write to "+path+", and it is not sticky: each user can remove or replace the records of others",
		"chmod +t "+shellWord(path)+"; a database for many users is made by mvrun init --shared")
}

// secretFiles are those of values file:/path.
func secretFiles(cfg *config.Config) (paths []string) {
	values := []string{cfg.Check.PingURL}
	for i := range cfg.Channels {
		for _, text := range settingTexts(channelSpec(&cfg.Channels[i]).Settings) {
			values = append(values, text[1])
		}
	}
	for _, user := range cfg.Serve.Users {
		values = append(values, user.Hash)
	}
	for _, token := range cfg.Serve.Tokens {
		values = append(values, token.Value)
	}
	seen := map[string]bool{}
	for _, value := range values {
		if path, ok := strings.CutPrefix(value, "file:"); ok && filepath.IsAbs(path) && !seen[path] {
			seen[path] = true
			paths = append(paths, path)
		}
	}
	return paths
}

// userOf is the name of a user, or his number where he has none here.
func userOf(uid int) string {
	if found, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return found.Username
	}
	return "the user with the number " + strconv.Itoa(uid)
}
