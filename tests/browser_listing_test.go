package tests

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// messagesOf are those of the listing that is shown, one a row.
const messagesOf = `[...document.querySelectorAll("td.c-message")].map(e => e.innerText.trim()).join("|")`

// newListing opens the log records of a database with four of them.
func newListing(t *testing.T) *tab {
	t.Helper()
	s := newCheckSite(t, 0, "")
	s.mvrun(t, "-d", "LSF", "-i", "job", "--", "sh", "-c", `printf 'ERROR: b <script>alert(1)</script>\nWARNING: =cmd() d\nINFO: 中文 a\nERROR: c\n'`)
	b := openTab(t, startServe(t, s).url)
	b.open("/records/log?lang=en")
	b.await(`document.querySelectorAll("td.c-message").length == 4`)
	return b
}

// A listing is filtered and sorted without being loaded anew, its address says how,
// and the way back leads through all of it.
func TestBrowserFiltersAndSorts(t *testing.T) {
	t.Parallel()
	b := newListing(t)
	b.eval(`(window.same = true, 1)`)
	b.fill(`[name="where.message"]`, "!script")
	b.click(`#filter button`)
	b.await(`document.querySelectorAll("td.c-message").length == 3`)
	if search := b.eval(`location.search`); !strings.Contains(search, "where.message=%21script") {
		t.Errorf("the address has %s", search)
	}
	b.click(`th.c-message a`)
	b.await(messagesOf + ` == "=cmd() d|c|中文 a"`)
	b.await(`document.querySelector("th.c-message").getAttribute("aria-sort") == "ascending"`)
	b.click(`th.c-message a`)
	b.await(messagesOf + ` == "中文 a|c|=cmd() d"`)
	if b.eval("window.same") != "true" {
		t.Error("the page was loaded anew")
	}
	b.eval(`(history.back(), 1)`)
	b.await(messagesOf + ` == "=cmd() d|c|中文 a"`)
	b.click(`[name="level"][value="Error"]`)
	b.click(`#filter button`)
	b.await(messagesOf + ` == "c"`)
	b.shot("listing-filtered")

	address := b.eval(`location.href`)
	b.open(strings.TrimPrefix(address, b.url)) // as somebody does to whom it was sent
	b.await(messagesOf + ` == "c"`)
}

func TestBrowserPagesThroughAListing(t *testing.T) {
	t.Parallel()
	b := newListing(t)
	b.open("/records/log?limit=3")
	b.await(`document.querySelectorAll("td.c-message").length == 3`)
	b.click(`a[href*="cursor="]`)
	b.await(messagesOf + ` == "b <script>alert(1)</script>"`)
	b.eval(`(history.back(), 1)`)
	b.await(`document.querySelectorAll("td.c-message").length == 3`)
}

// What is exported is the whole of what is shown, and nothing in it is a formula.
func TestBrowserExports(t *testing.T) {
	t.Parallel()
	b := newListing(t)
	b.open("/records/log?limit=1&level=Error&level=Warning")
	b.await(`document.querySelectorAll("td.c-message").length == 1`)
	for format, want := range map[string]string{"CSV": "4", "JSON": "3"} {
		b.eval(`(window.got = null, fetch([...document.querySelectorAll("a[download]")].find(a => a.innerText == "` + format + `").href).then(r => r.text()).then(text => window.got = text), 1)`)
		b.await(`window.got !== null`)
		if lines := b.eval(`got.trim().split("\n").length`); lines != want {
			t.Errorf("%s: %s lines, want %s: %s", format, lines, want, b.eval("got"))
		}
		if format == "CSV" && b.eval(`/(^|,)"?=/m.test(got)`) == "true" {
			t.Errorf("a formula stands in %s", b.eval("got"))
		}
	}
}

// Totals, states and bars of the overview lead to what they count.
func TestBrowserOverviewLeadsToListings(t *testing.T) {
	t.Parallel()
	b := openTab(t, startServe(t, newWebSite(t)).url)
	b.open("/?lang=en&range=7d&wait=yes")
	b.await(`document.querySelectorAll(".totals a").length > 3`)
	total := b.eval(`document.querySelector('.totals a[href^="/records/alarm"]').innerText.match(/\d+/)[0]`)
	b.click(`.totals a[href^="/records/alarm"]`)
	b.await(`document.querySelectorAll("td.c-message").length == ` + total)
	b.open("/?lang=en&state=stopped&wait=yes")
	b.await(`document.querySelectorAll("#states tbody tr").length == 2`)
	b.click(`#states tbody a`)
	b.await(`document.querySelector("h1").innerText.includes("LSF/item00")`)
}

// Who may mutes an item from its page, and nobody else sees it.
func TestBrowserLoginAndMute(t *testing.T) {
	t.Parallel()
	s := newCheckSite(t, 1, "")
	hash := s.command(binary, "serve", "--hash")
	hash.Stdin = strings.NewReader("right horse\n")
	out, err := hash.Output()
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, s.config, readFile(t, s.config)+"serve: {users: {alice: '"+strings.TrimSpace(string(out))+"'}}\n", 0o644)
	b := openTab(t, startServe(t, s).url)
	b.open("/items/LSF/item000?lang=en")
	b.await(`location.pathname == "/login"`)
	b.wantNames()
	b.shot("login")
	b.fill(`[name="user"]`, "alice")
	b.fill(`[name="password"]`, "wrong")
	b.click(`form.login button`)
	b.await(`document.querySelector('[role="alert"]')`)
	b.forgive("401")
	b.fill(`[name="user"]`, "alice")
	b.fill(`[name="password"]`, "right horse")
	b.click(`form.login button`)
	b.await(`location.pathname == "/items/LSF/item000"`)
	b.shot("item-with-forms")
	b.fill(`[name="reason"]`, "维护")
	b.click(`button[value="mute"]`)
	b.await(`document.querySelector(".state") && document.querySelector("main").innerText.includes("维护")`)
	if r := s.mvrun(t, "mute"); !strings.Contains(r.stdout, "LSF/item000 is muted by alice") {
		t.Errorf("mvrun mute shows %q", r.stdout)
	}
	b.click(`button[value="unmute"]`)
	b.await(`!document.querySelector("main").innerText.includes("维护")`)
	b.click(`form[action="/logout"] button`)
	b.await(`location.pathname == "/login"`)
	b.do(chromedp.Navigate(b.url + "/records/log"))
	b.await(`location.pathname == "/login"`)
}
