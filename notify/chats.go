package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object.
type object = map[string]any

// code is the verdict that most of the vendors give.
type code struct {
	ErrCode *int   `json:"errcode"`
	ErrMsg  string `json:"errmsg"`
	Code    *int   `json:"code"` // Feishu's
	Msg     string `json:"msg"`
}

// codeVerdict reads a code of which 0 means that the message was delivered.
func codeVerdict(c *connection, body []byte, number func(code) *int, waits map[int]time.Duration, permanent ...int) (failure *DeliveryError, understood bool) {
	var found code
	if err := json.Unmarshal(body, &found); err != nil || number(found) == nil {
		return notUnderstood(c, body), false
	}
	n := *number(found)
	if n == 0 {
		return nil, true
	}
	return &DeliveryError{
		Problem:   codeText(n, c.said([]byte(found.ErrMsg+found.Msg))),
		Permanent: slices.Contains(permanent, n), Wait: waits[n],
	}, true
}

func notUnderstood(c *connection, body []byte) *DeliveryError {
	return &DeliveryError{Problem: "the answer is not understood: " + c.said(body)}
}

// codeText is a code with what the server says of it, if it says anything.
func codeText(n int, said string) string {
	return strings.TrimSuffix(fmt.Sprintf("code %d: %s", n, said), ": ")
}

func errCode(c code) *int { return c.ErrCode }
func msgCode(c code) *int { return c.Code }
func wecomVerdict(c *connection, body []byte) (failure *DeliveryError, understood bool) {
	// 45009: too fast; 93000: bad key; 40058: too long; 40001 and 40013: bad
	// account (https://developer.work.weixin.qq.com/document/path/90313).
	return codeVerdict(c, body, errCode, map[int]time.Duration{45009: time.Minute}, 93000, 40058, 40001, 40013, 40056)
}

// newWecomBot sends to a group bot of WeChat Work
// (https://developer.work.weixin.qq.com/document/path/91770).
func newWecomBot(c *connection) Channel {
	return &chat{connection: c, verdict: wecomVerdict, message: func(_ context.Context, c *connection, d *Delivery) ([]chatRequest, error) {
		key, base, err := c.account("key")
		if err != nil {
			return nil, err
		}
		address := base + "/cgi-bin/webhook/send?key=" + url.QueryEscape(key)
		title, body := d.plain()
		if c.spec.text("format", "text") == "markdown" {
			limit := c.limit(4096)
			mentions := wecomMentions(d, limit/2)
			content := fit("**"+title+"**\n"+body, withinBytes(limit-len(mentions))) + mentions
			return []chatRequest{{url: address, payload: object{"msgtype": "markdown", "markdown": object{"content": content}}}}, nil
		}
		text := object{"content": fit(title+"\n"+body, withinBytes(c.limit(2048)))}
		for _, account := range d.addresses() {
			list := "mentioned_list"
			if isPhone(account) {
				list = "mentioned_mobile_list"
			}
			before, _ := text[list].([]string)
			text[list] = append(before, account)
		}
		return []chatRequest{{url: address, payload: object{"msgtype": "text", "text": text}}}, nil
	}}
}

// wecomMentions is what stands below a markdown message, which has no list of
// those whom it notifies: <@account>, for which a phone number does not do, and a
// note of those who are not notified. It has at most limit bytes.
func wecomMentions(d *Delivery, limit int) string {
	mentions, left := "", []string{}
	for _, to := range d.To {
		mention := "\n<@" + to.Address + ">"
		switch {
		case to.Address == "":
		case isPhone(to.Address), len(mentions)+len(mention) > limit/2:
			left = append(left, to.Name)
		default:
			mentions += mention
		}
	}
	if len(left) == 0 {
		return mentions
	}
	return mentions + cut("\n(not mentioned: "+strings.Join(left, ", ")+")", limit-len(mentions))
}

// newDingTalk sends to a group robot of DingTalk
// (https://open.dingtalk.com/document/robots/custom-robot-access).
func newDingTalk(c *connection) Channel {
	verdict := func(c *connection, body []byte) (*DeliveryError, bool) {
		// 130101: too fast, and blocked for ten minutes; 310000: signature or
		// keyword; 300001 and 400101: bad token; 460101: too long.
		return codeVerdict(c, body, errCode, map[int]time.Duration{130101: 10 * time.Minute}, 310000, 300001, 400101, 460101)
	}
	return &chat{connection: c, verdict: verdict, message: func(_ context.Context, c *connection, d *Delivery) ([]chatRequest, error) {
		token, base, err := c.account("token")
		if err != nil {
			return nil, err
		}
		address := base + "/robot/send?access_token=" + url.QueryEscape(token)
		if c.spec.text("secret", "") != "" {
			secret, err := c.secret("secret")
			if err != nil {
				return nil, err
			}
			stamp := strconv.FormatInt(c.options.Now().UnixMilli(), 10)
			address += "&timestamp=" + stamp + "&sign=" + url.QueryEscape(dingTalkSign(stamp, secret))
		}
		whole, body := d.plain()
		payload := func(title, body string) any { return dingTalkMessage(c, d, title, body) }
		title, shown := fitBoth(whole, body, c.limit(20_000), payload)
		// What is cut out of a long message may be the keyword.
		if keyword := c.spec.text("keyword", ""); !strings.Contains(title, keyword) && !strings.Contains(shown, keyword) {
			title, shown = fitBoth(keyword+" "+whole, body, c.limit(20_000), payload)
		}
		return []chatRequest{{url: address, payload: payload(title, shown)}}, nil
	}}
}

func dingTalkMessage(c *connection, d *Delivery, title, body string) any {
	at := object{"isAtAll": false}
	var mobiles, users []string
	for _, account := range d.addresses() {
		if isPhone(account) {
			mobiles = append(mobiles, account)
		} else {
			users = append(users, account)
		}
	}
	if mobiles != nil {
		at["atMobiles"] = mobiles
	}
	if users != nil {
		at["atUserIds"] = users
	}
	if c.spec.text("format", "text") == "text" {
		return object{"msgtype": "text", "text": object{"content": title + "\n" + body}, "at": at}
	}
	for _, account := range append(mobiles, users...) {
		body += " @" + account // else nobody is notified
	}
	return object{"msgtype": "markdown", "markdown": object{"title": title, "text": "**" + title + "**\n\n" + body}, "at": at}
}

// dingTalkSign is base64(HMAC-SHA256(secret, stamp + "\n" + secret)).
func dingTalkSign(stamp, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "\n" + secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// newFeishu sends to a custom bot of Feishu or Lark
// (https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot).
func newFeishu(c *connection) Channel {
	verdict := func(c *connection, body []byte) (*DeliveryError, bool) {
		// 11232: too fast; 19021: signature; 19024: keyword; 19022: address; 19001: bad token.
		return codeVerdict(c, body, msgCode, map[int]time.Duration{11232: 5 * time.Second}, 19021, 19022, 19024, 19001)
	}
	return &chat{connection: c, verdict: verdict, message: func(_ context.Context, c *connection, d *Delivery) ([]chatRequest, error) {
		token, base, err := c.account("token")
		if err != nil {
			return nil, err
		}
		signed := object{}
		if c.spec.text("secret", "") != "" {
			secret, err := c.secret("secret")
			if err != nil {
				return nil, err
			}
			stamp := strconv.FormatInt(c.options.Now().Unix(), 10)
			signed["timestamp"], signed["sign"] = stamp, feishuSign(stamp, secret)
		}
		title, body := d.plain()
		payload := func(title, body string) any {
			line := []object{{"tag": "text", "text": body}}
			for _, account := range d.addresses() {
				line = append(line, object{"tag": "at", "user_id": account})
			}
			message := object{"msg_type": "post", "content": object{"post": object{"zh_cn": object{"title": title, "content": [][]object{line}}}}}
			for key, value := range signed {
				message[key] = value
			}
			return message
		}
		address := base + "/open-apis/bot/v2/hook/" + url.PathEscape(token)
		title, body = fitBoth(title, body, c.limit(20<<10), payload)
		return []chatRequest{{url: address, payload: payload(title, body)}}, nil
	}}
}

// feishuSign is base64(HMAC-SHA256(stamp + "\n" + secret, nothing)).
func feishuSign(stamp, secret string) string {
	return base64.StdEncoding.EncodeToString(hmac.New(sha256.New, []byte(stamp+"\n"+secret)).Sum(nil))
}

// newSlack sends to an incoming webhook of Slack
// (https://api.slack.com/messaging/webhooks).
func newSlack(c *connection) Channel {
	const maxText = 40_000 // characters; Slack cuts what is longer
	refusals := []string{
		"invalid_token", "no_service", "no_active_hooks", "no_team", "action_prohibited", "channel_is_archived", "channel_not_found", "invalid_payload",
	}
	verdict := func(c *connection, body []byte) (*DeliveryError, bool) {
		said := strings.TrimSpace(string(body))
		if said == "ok" {
			return nil, true
		}
		known := slices.Contains(refusals, said)
		return &DeliveryError{Problem: "the answer is not ok: " + c.said(body), Permanent: known}, known
	}
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace
	return &chat{connection: c, verdict: verdict, message: func(_ context.Context, c *connection, d *Delivery) ([]chatRequest, error) {
		hook, err := c.secret("url")
		if err != nil {
			return nil, err
		}
		if hook, err = c.based(hook); err != nil {
			return nil, err
		}
		mentions := ""
		for _, account := range d.addresses() {
			mentions += "\n<@" + escape(account) + ">"
		}
		title, body := d.plain()
		limit := withinUnits(c.limit(maxText) - len(mentions))
		text := fit(title+"\n"+body, func(text string) bool { return limit(escape(text)) })
		return []chatRequest{{url: hook, payload: object{"text": escape(text) + mentions}}}, nil
	}}
}

// newTelegram sends by a bot of Telegram, to one chat or to each recipient
// (https://core.telegram.org/bots/api#sendmessage). Without parse_mode the text
// is taken as it is.
func newTelegram(c *connection) Channel {
	verdict := func(c *connection, body []byte) (*DeliveryError, bool) {
		var found struct {
			OK          bool   `json:"ok"`
			ErrorCode   int    `json:"error_code"`
			Description string `json:"description"`
			Parameters  struct {
				RetryAfter int `json:"retry_after"`
			} `json:"parameters"`
		}
		switch err := json.Unmarshal(body, &found); {
		case err != nil, !found.OK && found.ErrorCode == 0:
			return notUnderstood(c, body), false
		case found.OK:
			return nil, true
		}
		return &DeliveryError{
			Problem:   codeText(found.ErrorCode, c.said([]byte(found.Description))),
			Permanent: slices.Contains([]int{400, 401, 403, 404}, found.ErrorCode),
			Wait:      time.Duration(found.Parameters.RetryAfter) * time.Second,
		}, true
	}
	return &chat{connection: c, verdict: verdict, message: func(_ context.Context, c *connection, d *Delivery) ([]chatRequest, error) {
		token, base, err := c.account("token")
		if err != nil {
			return nil, err
		}
		title, body := d.plain()
		address := base + "/bot" + token + "/sendMessage"
		text := fit(title+"\n"+body, withinUnits(c.limit(4096)))
		if group := c.spec.text("chat_id", ""); group != "" {
			return []chatRequest{{url: address, payload: object{"chat_id": group, "text": text}}}, nil
		}
		var requests []chatRequest
		for _, to := range d.To {
			requests = append(requests, chatRequest{address, object{"chat_id": to.Address, "text": text}, to.Name})
		}
		return requests, nil
	}}
}
