package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
)

// wecomApp sends as an application of WeChat Work
// (https://developer.work.weixin.qq.com/document/path/90236).
type wecomApp struct{ *connection }

func newWecomApp(c *connection) Channel { return &wecomApp{c} }

const maxWecomText = 2048 // bytes

// token is what gettoken gives; it is kept on disk, since the number of calls is
// limited and each run is a new process.
type token struct {
	Value string    `json:"token"`
	Until time.Time `json:"until"`
}

// Deliver sends to all accounts at once. A token that the server does not take
// any more is fetched anew, once.
func (w *wecomApp) Deliver(ctx context.Context, d *Delivery) error {
	if len(d.addresses()) == 0 {
		return errNobody(d)
	}
	if err := w.turn(ctx); err != nil {
		return err
	}
	for fresh := false; ; fresh = true {
		token, err := w.token(ctx, fresh)
		if err != nil {
			return err
		}
		failure, expired := w.send(ctx, d, token)
		if !expired || fresh {
			if failure == nil {
				return nil
			}
			return failure
		}
	}
}

// send reports besides whether the token has expired.
func (w *wecomApp) send(ctx context.Context, d *Delivery, token string) (failure error, expired bool) {
	title, body := d.plain()
	kind, content := "text", title+"\n"+body
	if w.spec.text("format", "text") == "markdown" {
		kind, content = "markdown", "**"+title+"**\n"+body
	}
	agent, err := w.secret("agentid")
	if err != nil {
		return err, false
	}
	payload, err := jsonOf(object{
		"touser": strings.Join(d.addresses(), "|"), "msgtype": kind, "agentid": json.Number(agent), "safe": 0,
		kind:                     object{"content": fit(content, withinBytes(w.limit(maxWecomText)))},
		"enable_duplicate_check": 1, "duplicate_check_interval": 1800,
	})
	if err != nil {
		return &DeliveryError{Problem: "agentid is no number", Permanent: true}, false
	}
	base, err := w.base()
	if err != nil {
		return err, false
	}
	reply, err := w.post(ctx, request{
		method: http.MethodPost, url: base + "/cgi-bin/message/send?access_token=" + url.QueryEscape(token),
		contentType: "application/json; charset=utf-8", body: payload,
	})
	if err != nil {
		return err, false
	}
	return w.judge(reply, d)
}

func (w *wecomApp) judge(r reply, d *Delivery) (failure error, expired bool) {
	if failure := w.judgeStatus(r); failure != nil {
		return failure, false
	}
	var found struct {
		ErrCode     *int   `json:"errcode"`
		InvalidUser string `json:"invaliduser"`
	}
	if json.Unmarshal(r.body, &found) == nil && found.ErrCode != nil && (*found.ErrCode == 40014 || *found.ErrCode == 42001) {
		return &DeliveryError{Problem: fmt.Sprintf("code %d: the token is not taken", *found.ErrCode)}, true
	}
	if failure, _ := wecomVerdict(w.connection, r.body); failure != nil {
		if failure.Wait > 0 {
			w.block(failure.Wait)
		}
		return failure, false
	}
	if found.InvalidUser == "" {
		return nil, false
	}
	invalid := strings.Split(found.InvalidUser, "|")
	failed := &DeliveryError{Problem: "these accounts are not known: " + w.said([]byte(strings.Join(invalid, ", "))), Permanent: true}
	for _, to := range d.To {
		if !containsFold(invalid, to.Address) {
			failed.Reached = append(failed.Reached, to.Name)
		}
	}
	return failed, false
}

func containsFold(list []string, text string) bool {
	for _, one := range list {
		if strings.EqualFold(one, text) {
			return true
		}
	}
	return false
}

// token gives the one that is kept, or a fresh one.
func (w *wecomApp) token(ctx context.Context, fresh bool) (string, error) {
	base, err := w.base()
	if err != nil {
		return "", err
	}
	corpid, err := w.secret("corpid")
	if err != nil {
		return "", err
	}
	agent, err := w.secret("agentid")
	if err != nil {
		return "", err
	}
	file := record.MD5("wecom_app", base+"\n"+corpid+"\n"+agent)[:sameDigits] + ".token"
	if kept := w.keptToken(file); !fresh && kept != "" {
		w.keepSecret(kept)
		return kept, nil
	}
	secret, err := w.secret("secret")
	if err != nil {
		return "", err
	}
	reply, err := w.post(ctx, request{
		method: http.MethodGet, url: base + "/cgi-bin/gettoken?corpid=" + url.QueryEscape(corpid) + "&corpsecret=" + url.QueryEscape(secret),
	})
	if err != nil {
		return "", err
	}
	if failure := w.judgeStatus(reply); failure != nil {
		return "", failure
	}
	if failure, _ := wecomVerdict(w.connection, reply.body); failure != nil {
		return "", failure
	}
	var found struct {
		Token  string `json:"access_token"`
		Expire int    `json:"expires_in"`
	}
	if err := json.Unmarshal(reply.body, &found); err != nil || found.Token == "" {
		return "", &DeliveryError{Problem: "gettoken gave no token"}
	}
	w.keepSecret(found.Token)
	const margin = 5 * time.Minute
	w.putToken(file, token{found.Token, w.options.Now().Add(time.Duration(found.Expire)*time.Second - margin)})
	return found.Token, nil
}

func (w *wecomApp) keptToken(file string) string {
	if w.options.State == nil {
		return ""
	}
	tree, err := w.options.State()
	if err != nil {
		return ""
	}
	data, err := tree.ReadFile(stateFolder, file)
	var kept token
	if err != nil || json.Unmarshal(data, &kept) != nil || !w.options.Now().Before(kept.Until) {
		return ""
	}
	return kept.Value
}

// putToken keeps a token for the processes to come; without a place for it each
// fetches its own.
func (w *wecomApp) putToken(file string, t token) {
	if w.options.State == nil {
		return
	}
	data, err := json.Marshal(t)
	if err != nil {
		return
	}
	if tree, err := w.options.State(); err == nil {
		_ = tree.WriteFile(data, 0o600, stateFolder, file)
	}
}
