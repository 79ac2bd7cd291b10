package tests

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chromium is the one browser of all tests, each of which has a context of its own
// in it.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		// It would look for hosts of its maker's otherwise.
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	stopChromium = func() { cancel(); stop() }
	return ctx, chromedp.Do(ctx)
})

// stopChromium ends the browser after the last test.
var stopChromium = func() {}

// tab is a page in the browser. What goes wrong in it, such as an error of a
// script or of the Content-Security-Policy, fails the test.
type tab struct {
	t   *testing.T
	ctx context.Context
	url string // of the server

	mu       sync.Mutex
	problems []string
	requests []string // addresses that the pages asked for
}

// openTab opens an empty page for a server, without cookies of others.
func openTab(t *testing.T, url string) *tab {
	t.Helper()
	parent, err := chromium()
	if err != nil {
		lacks(t, "a browser: "+err.Error())
	}
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	b := &tab{t: t, ctx: ctx, url: url}
	t.Cleanup(func() { b.clean(); cancel() })
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	b.do(command(network.Enable, network.EnableParams{}), command(runtime.Enable, cdp.Empty{}), command(log.Enable, cdp.Empty{}))
	return b
}

// command is a step that sends a command of the protocol.
func command[P any](c cdp.Command[P, cdp.Empty], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, c, params)
		return err
	})
}

// hear notes what the browser tells of the page.
func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, fmt.Sprintf("%+v", *e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		if kind := e.Type.String(); kind == "error" || kind == "warning" || kind == "assert" {
			for _, arg := range e.Args {
				b.problems = append(b.problems, fmt.Sprintf("console: %s %s", arg.Value, arg.Description))
			}
		}
	case *log.EventEntryAdded:
		if level := e.Entry.Level.String(); level == "error" || level == "warning" {
			b.problems = append(b.problems, string(e.Entry.Source)+": "+e.Entry.Text+" "+e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	}
}

// clean fails the test for each problem so far, and for each request to elsewhere.
func (b *tab) clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, problem := range b.problems {
		b.t.Errorf("in the page: %s", problem)
	}
	for _, address := range b.requests {
		if !strings.HasPrefix(address, b.url) && !strings.HasPrefix(address, "data:") && address != "about:blank" {
			b.t.Errorf("the page asked for %s", address)
		}
	}
	b.problems, b.requests = nil, nil
}

// forgive forgets the problems with a text, which were to be expected.
func (b *tab) forgive(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var rest []string
	for _, problem := range b.problems {
		if !strings.Contains(problem, text) {
			rest = append(rest, problem)
		}
	}
	b.problems = rest
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	take(b, chromedp.Steps(steps...))
}

// take does a step within the patience of a test and gives its value.
func take[T any](b *tab, step chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, step)
	if err != nil {
		b.t.Fatal(err)
	}
	return value
}

// open goes to an address of the server.
func (b *tab) open(path string) { b.t.Helper(); b.do(chromedp.Navigate(b.url + path)) }

// await waits until an expression is true, on this page or one that it leads to.
func (b *tab) await(expression string) {
	b.t.Helper()
	met := chromedp.Evaluate[bool]("!!(" + expression + ")")
	holds := func() bool {
		ctx, cancel := context.WithTimeout(b.ctx, patience)
		defer cancel()
		value, err := chromedp.Run(ctx, met) // fails while a page makes room for the next
		return err == nil && value
	}
	came := false
	defer func() {
		if !came {
			b.t.Logf("the page has: %.2000s", b.text("body"))
		}
	}()
	waitFor(b.t, patience, expression, holds)
	came = true
}

// text is what is to be seen of an element.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return b.eval(fmt.Sprintf("(document.querySelector(%q) || {innerText: ''}).innerText", selector))
}

// texts are those of all elements of a kind, a line each.
func (b *tab) texts(selector string) []string {
	b.t.Helper()
	text := b.eval(fmt.Sprintf(`[...document.querySelectorAll(%q)].map(e => e.innerText.trim().replaceAll("\n", " ")).join("\n")`, selector))
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// eval gives the value of an expression as a text.
func (b *tab) eval(expression string) string {
	b.t.Helper()
	return take(b, chromedp.Evaluate[string]("String("+expression+")"))
}

// click waits for an element and clicks on it.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.await(fmt.Sprintf(`(e => e && (e.click(), true))(document.querySelector(%q))`, selector))
}

// fill puts a text into a field, as typing it would.
func (b *tab) fill(selector, text string) {
	b.t.Helper()
	b.await(fmt.Sprintf("document.querySelector(%q)", selector)) // a page may still be on its way
	b.eval(fmt.Sprintf(`(f => { f.focus(); f.value = %q; f.dispatchEvent(new Event("input", {bubbles: true})); return 1 })(document.querySelector(%q))`, text, selector))
}

// submit sends the form of an element and waits for the next page.
func (b *tab) submit(selector string) {
	b.t.Helper()
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Submit(chromedp.CSS(selector))); err != nil {
		b.t.Fatal(err)
	}
}

// size is the size of the window, dark its colours.
func (b *tab) size(width, height int64) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, height))
}

func (b *tab) dark() {
	b.t.Helper()
	b.do(command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
	}))
}

// shot keeps a picture of the page for people, in the folder that
// MVRUN_TEST_PICTURES names.
func (b *tab) shot(name string) {
	b.t.Helper()
	folder := os.Getenv("MVRUN_TEST_PICTURES")
	if folder == "" {
		return
	}
	picture := take(b, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// wantNoSideways fails the test if the page is wider than the window.
func (b *tab) wantNoSideways() {
	b.t.Helper()
	if wide := b.eval("document.documentElement.scrollWidth - innerWidth"); strings.TrimPrefix(wide, "-") == wide && wide != "0" {
		b.t.Errorf("%s is %s pixels wider than the window", b.eval("location.pathname"), wide)
	}
}

// wantWholeNavigation fails the test if a part of the navigation is off the screen.
func (b *tab) wantWholeNavigation() {
	b.t.Helper()
	const off = `[...document.querySelectorAll("header nav a")].filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.innerText).join(" ")`
	if found := b.eval(off); found != "" {
		b.t.Errorf("%s: off the screen: %s", b.eval("location.pathname"), found)
	}
}

// wantNames fails the test for parts of the page that a screen reader has no name
// for, and for headings and texts that the language of the page lacks.
func (b *tab) wantNames() {
	b.t.Helper()
	const unnamed = `[...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a, svg')].filter(e =>
		!e.closest('[aria-hidden=true]') && e.checkVisibility() && !(e.labels && e.labels.length && e.labels[0].innerText.trim()) && !e.textContent?.trim() &&
		!e.getAttribute('aria-label') && !e.getAttribute('aria-labelledby') && !e.querySelector('title')).map(e => e.outerHTML.slice(0, 120)).join("\n")`
	if found := b.eval(unnamed); found != "" {
		b.t.Errorf("%s: without a name:\n%s", b.eval("location.pathname"), found)
	}
	if count := b.eval("document.querySelectorAll('h1').length"); count != "1" {
		b.t.Errorf("%s has %s headings of the first order", b.eval("location.pathname"), count)
	}
}
