package tests

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// newestRun is the address of the newest run that a page leads to.
func newestRun(b *tab) string {
	return b.eval(`document.querySelector('a[href^="/runs/"]').getAttribute("href")`)
}

// isLive is true once a page is told of what changes.
const isLive = `document.querySelector("#live").className.includes("is-live")`

// A page shows what is recorded while it is open, and leaves alone what somebody does
// with it.
func TestBrowserPagesAreLive(t *testing.T) {
	t.Parallel()
	s := newWebSite(t)
	d := startServe(t, s)
	say := func(text string) {
		s.mvrun(t, "-d", "LSF", "-i", "hostile", "--startup", "crontab", "--", "echo", "ERROR: "+text)
	}
	b := openTab(t, d.url)
	b.open("/items/LSF/hostile")
	b.await(isLive)
	b.eval(`(document.querySelector("#runs details").open = true, window.held = document.querySelector("#logs td a"), held.focus(), 1)`)
	say("the second")
	b.await(`document.querySelector("#logs").innerText.includes("the second")`)
	b.await(`document.querySelectorAll(".timeline .run-bar").length == 2`)
	if b.eval(`document.activeElement == held && document.contains(held)`) != "true" || b.eval(`document.querySelector("#runs details").open`) != "true" {
		t.Error("the focus is lost, or what was opened is closed")
	}
	b.shot("live-item")

	b.click("#live button")
	b.await(`document.querySelector("#live").className.includes("is-paused")`)
	say("the third")
	b.click("#live button")
	b.await(`document.querySelector("#logs").innerText.includes("the third")`)

	b.open("/records/log")
	b.await(isLive)
	b.do(chromedp.SendKeys(chromedp.CSS(`input[name="keyword"]`), "typed"))
	say("the fourth")
	b.await(`document.querySelector("main").innerText.includes("the fourth")`)
	if typed := b.eval(`document.querySelector('input[name="keyword"]').value + document.activeElement.name`); typed != "typedkeyword" {
		t.Errorf("what was typed became %q", typed)
	}
	b.clean()

	_ = d.process.Process.Kill()
	b.await(`document.querySelector("#live").className.includes("is-reconnecting")`)
	b.do(chromedp.Navigate("about:blank"))
	b.forgive("/events")
}

// A run is seen whole, its output searched, and what was there before it compared.
func TestBrowserShowsARun(t *testing.T) {
	t.Parallel()
	s := newWebSite(t)
	run := func(status int) {
		s.mvrun(t, "-d", "EDA", "-i", "回归%1", "--keep-output", "always", "--startup", "crontab", "--", "sh", "-c",
			fmt.Sprintf(`for i in $(seq 1 1200); do echo "case $i <b>"; done; echo "ERROR: <script>alert(3)</script>"; exit %d`, status))
	}
	run(0)
	run(3)
	d := startServe(t, s)
	for _, language := range []string{"en", "zh"} {
		for _, width := range []int64{1280, 390} {
			b := openTab(t, d.url)
			b.size(width, 900)
			if language == "zh" {
				b.dark()
			}
			b.open("/items/EDA/%E5%9B%9E%E5%BD%92%251?lang=" + language)
			address := newestRun(b)
			b.open(address)
			b.wantNoSideways()
			b.wantNames()
			b.shot(fmt.Sprintf("run-%s-%d", language, width))
			if text := b.text("main"); !strings.Contains(text, "alert(3)") || !strings.Contains(text, "≠") {
				t.Errorf("the run's page: %s", text)
			}
			b.do(chromedp.SendKeys(chromedp.CSS(`input[name="search"]`), "CASE 77"))
			b.submit(`input[name="search"]`)
			if marks := b.texts("mark"); len(marks) != 11 || marks[0] != "case 77" {
				t.Errorf("found %q", marks)
			}
			b.wantNoSideways()
			b.open(address + "?from=1")
			b.open(b.eval(`document.querySelector(".output ~ .pages a").getAttribute("href")`))
			if first := b.text(".output a"); first != "501" {
				t.Errorf("the second piece begins with %s", first)
			}
			b.clean()
		}
	}
}
