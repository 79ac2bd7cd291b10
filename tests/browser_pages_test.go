package tests

import (
	"fmt"
	"testing"
)

// The pages as a person with a browser sees them.

// newWebSite is a database with items in several states and texts that mean harm
// to pages and spreadsheets.
func newWebSite(t *testing.T) *site {
	t.Helper()
	s := newCheckSite(t, 2, "")
	s.mvrun(t, "-d", "LSF", "-i", "good", "--startup", "crontab", "--", "echo", "INFO: 一切正常 ✓")
	s.mvrun(t, "-d", "LSF", "-i", "hostile", "--startup", "crontab", "--", "sh", "-c",
		`printf 'ERROR: <script>alert(1)</script>\nERROR: =cmd() | "x"\nERROR: \033[31mred\033[0m\nALARM: <img src=x onerror=alert(2)>\n'`)
	s.mvrun(t, "-d", "storage", "-i", "disk", "--startup", "crontab", "--", "sh", "-c", "echo ALARM: 磁盘已满; exit 3")
	return s
}

// webPages are all that a person comes to by links.
var webPages = []string{"/", "/records/monitor", "/records/heartbeat", "/records/log", "/records/alarm", "/records/run", "/items/LSF/hostile", "/items/LSF/item000"}

func TestBrowserOpensEveryPage(t *testing.T) {
	t.Parallel()
	d := startServe(t, newWebSite(t))
	for _, language := range []string{"en", "zh"} {
		for _, width := range []int64{1280, 390} {
			t.Run(fmt.Sprintf("%s %d", language, width), func(t *testing.T) {
				t.Parallel()
				b := openTab(t, d.url)
				b.size(width, 900)
				if language == "zh" {
					b.dark()
				}
				for _, page := range webPages {
					b.open(page + "?lang=" + language)
					b.await(`document.readyState == "complete" && document.querySelector("h1").innerText != ""`)
					b.wantNoSideways()
					b.wantWholeNavigation()
					b.wantNames()
					b.shot(fmt.Sprintf("%s-%d-%s", language, width, pictureName(page)))
					b.clean()
				}
			})
		}
	}
}

// pictureName makes a file's name of an address.
func pictureName(page string) string {
	name := []byte(page[1:])
	for i, c := range name {
		if c == '/' || c == '?' || c == '&' {
			name[i] = '-'
		}
	}
	if len(name) == 0 {
		return "overview"
	}
	return string(name)
}
