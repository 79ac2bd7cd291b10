package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/mvrun/mvrun/config"
	"github.com/mvrun/mvrun/notify"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// askTimeout bounds a request of the check to another service.
const askTimeout = 10 * time.Second

// maxRemoteAnswer is how much of an answer is read.
const maxRemoteAnswer = 64 << 10

// ask makes a GET request, and wants an answer of 2xx. The URL may hold a key: no
// error repeats it.
func ask(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("is no URL")
	}
	request.Header.Set("User-Agent", "mvrun/"+version)
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, MaxResponseHeaderBytes: maxRemoteAnswer}}
	answer, err := client.Do(request)
	if err != nil {
		if inner, ok := errors.AsType[*url.Error](err); ok {
			err = inner.Err
		}
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxRemoteAnswer))
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("answered %s", answer.Status)
	}
	return body, err
}

// ping tells a service elsewhere that a check has gone through. Where it cannot be
// told, it will say so itself.
func (c *check) ping() {
	if c.config.Check.PingURL == "" {
		return
	}
	address, err := config.Secret(c.config.Check.PingURL)
	if err == nil {
		_, err = ask(context.Background(), address)
	}
	if err != nil {
		printLine("mvrun: warning: check: ping_url: " + c.masker.Mask(err.Error()))
	}
}

// remoteFailures is how many failures in a row it takes until somebody is told: a
// service that is started anew is away for a moment.
const remoteFailures = 3

// remoteState is what is known of a service from one check to the next.
type remoteState struct {
	Failures int       `json:"failures"`
	Since    time.Time `json:"since,omitzero"`
	Told     string    `json:"told,omitempty"`   // the day on which somebody was told last
	Silent   string    `json:"silent,omitempty"` // the day on which the alarm was held back for good last
}

// runRemote looks at a serve elsewhere.
func (c *check) runRemote(known bool) error {
	address, err := url.Parse(c.options.remote)
	if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
		return usageError{fmt.Errorf("--remote %q is no URL of http or https", c.options.remote), "mvrun check --remote http://monitor:5000"}
	}
	for _, name := range []string{"direction", "item", "all"} {
		if c.flags.Changed(name) {
			return usageError{fmt.Errorf("--%s is about items, of which --remote asks for none", name), "mvrun check --remote http://monitor:5000"}
		}
	}
	c.openStore(known)
	if c.store == nil {
		return statusError{errors.New("the config does not say where the database is"), 1}
	}
	executable, _ := os.Executable()
	c.origin = findOrigin(c.options.runOptions, executable)
	name := address.Redacted()
	_, asked := ask(context.Background(), address.JoinPath("healthz").String())
	c.printRemote(name, asked)
	if !c.options.dryRun {
		c.desk = newAlarmDesk(c.session, &counts{}, c.supervisor)
		c.tellRemote(name, asked)
		ctx, cancel := contextOf(c.supervisor)
		defer cancel()
		c.desk.drain(ctx, c.config.SendTimeout+c.config.SendWait)
	}
	c.warnOfProblems()
	if err := c.leave(); err != nil {
		return err
	}
	if asked != nil {
		return silentStatus(1)
	}
	return nil
}

// printRemote says how the service is, as a line or as an object of JSON.
func (c *check) printRemote(name string, asked error) {
	answer := struct {
		Remote string `json:"remote"`
		OK     bool   `json:"ok"`
		Error  string `json:"error,omitempty"`
	}{Remote: name, OK: asked == nil}
	text := "ok"
	if asked != nil {
		answer.Error = c.masker.Mask(asked.Error())
		text = answer.Error
	}
	if c.options.json {
		_ = json.NewEncoder(os.Stdout).Encode(answer) // texts
		return
	}
	fmt.Fprintf(os.Stdout, "%s: %s\n", name, viewer.Printable(text))
}

// tellRemote counts failures, and tells of the third and of the end.
func (c *check) tellRemote(name string, asked error) {
	unlock, err := c.store.Lock(checkLocks, "remote")
	if err != nil {
		c.note(err) // rather told twice than not at all
	} else {
		defer unlock()
	}
	elem := []string{record.MetaFolder, checkFolder, "remote", record.MD5("remote", name)[:16] + ".json"}
	var state remoteState
	if data, err := readNote(c.store, elem); err == nil {
		_ = json.Unmarshal(data, &state)
	}
	before, today := state, record.Day(c.now)
	switch {
	case asked == nil:
		if state.Told != "" {
			c.tellRemoteBack(name, state)
		}
		state = remoteState{}
	default:
		if state.Failures++; state.Since.IsZero() {
			state.Since = c.now
		}
		if state.Failures >= remoteFailures && state.Told != today {
			c.tellRemoteGone(name, &state, asked)
		}
	}
	if state == before {
		return
	}
	// Killed before this, the next check tells again.
	if state.Told != before.Told && !c.desk.placed(placeWait) {
		c.note(errors.New("the alarm could not be put on a disk in time; the next check tells again"))
		return
	}
	data, _ := json.Marshal(state)
	c.note(writeNote(c.store, append(data, '\n'), elem))
}

// tellRemoteGone raises the alarm of a service that does not answer. One that is held
// back for good tells nobody, and is recorded once a day.
func (c *check) tellRemoteGone(name string, state *remoteState, asked error) {
	message := record.Message{
		Level: record.LevelAlarm, Time: c.now, Frequency: "max 1 times", Key: "remote " + name,
		Title: "Default Alarm: " + c.say("mvrun serve does not answer", "mvrun serve 无响应") + "!",
		Text: c.say("%s has not answered %d times in a row, since %s: %s", "%s 连续%d次无响应, 始于%s: %s",
			name, state.Failures, state.Since.Local().Format(record.TimeLayout), strings.TrimSpace(c.masker.Mask(asked.Error()))),
	}
	if c.isNew(c.desk.drops(checkItem, message, notify.KindCheck), &state.Told, &state.Silent) {
		c.desk.raiseAbout(checkItem, message, notify.KindCheck)
	}
}

func (c *check) tellRemoteBack(name string, state remoteState) {
	c.desk.raiseAbout(checkItem, record.Message{
		Level: record.LevelInfo, Time: c.now, Frequency: "max 1 times per week", Key: "remote back " + name + " " + state.Since.UTC().Format(time.RFC3339),
		Title: "Default Alarm: " + c.say("mvrun serve answers again", "mvrun serve 恢复响应"),
		Text:  c.say("%s answers again; it had not since %s", "%s 已恢复响应, 此前中断自%s", name, state.Since.Local().Format(record.TimeLayout)),
	}, notify.KindRecovery)
}
