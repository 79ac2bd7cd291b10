package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// The servers of this file behave as the vendors' do: they refuse whatever
// differs from what their documentation asks for.

// vendor is a server and what it was told.
type vendor struct {
	t      testing.TB
	server *httptest.Server
	check  func(v *vendor, r *http.Request, body []byte) (status int, answer string)

	mu    sync.Mutex
	texts []string
	calls int
}

func newVendor(t testing.TB, check func(v *vendor, r *http.Request, body []byte) (int, string)) *vendor {
	v := &vendor{t: t, check: check}
	v.server = httptest.NewServer(v)
	t.Cleanup(v.server.Close)
	return v
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		v.t.Error(err)
	}
	v.mu.Lock()
	v.calls++
	status, answer := v.check(v, r, body)
	v.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

// decode reads a body into a value and refuses keys that it does not know.
func decode(body []byte, into any) bool {
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into) == nil && !decoder.More()
}

func isJSON(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
}

func wecomBotRule(v *vendor, r *http.Request, body []byte) (int, string) {
	var m struct {
		Type string `json:"msgtype"`
		Text *struct {
			Content  string   `json:"content"`
			Accounts []string `json:"mentioned_list"`
			Mobiles  []string `json:"mentioned_mobile_list"`
		} `json:"text"`
		Markdown *struct {
			Content string `json:"content"`
		} `json:"markdown"`
	}
	switch {
	case r.URL.Path != "/cgi-bin/webhook/send" || r.URL.Query().Get("key") != "the key/+&":
		return 200, `{"errcode":93000,"errmsg":"invalid webhook url"}`
	case !isJSON(r) || !decode(body, &m) || m.Type == "text" != (m.Text != nil) || m.Type == "markdown" != (m.Markdown != nil):
		return 200, `{"errcode":40008,"errmsg":"invalid message type"}`
	case m.Text != nil && len(m.Text.Content) > 2048, m.Markdown != nil && len(m.Markdown.Content) > 4096:
		return 200, `{"errcode":40058,"errmsg":"content exceed max length"}`
	}
	if m.Text != nil {
		v.texts = append(v.texts, m.Text.Content)
		if !slices.Equal(m.Text.Accounts, []string{"AliceLi"}) || !slices.Equal(m.Text.Mobiles, []string{"13800000000"}) {
			v.t.Errorf("mentions %q and %q", m.Text.Accounts, m.Text.Mobiles)
		}
	} else {
		v.texts = append(v.texts, m.Markdown.Content)
	}
	return 200, `{"errcode":0,"errmsg":"ok"}`
}

// TestMarkdownMentionsItsReceivers: the list of those who are notified is for
// texts alone.
func TestMarkdownMentionsItsReceivers(t *testing.T) {
	v := newVendor(t, wecomBotRule)
	channel := channelTo(t, "wecom_bot", texts("key", "secret:the key/+&", "format", "markdown"), v.server.URL, hostState(t))
	many := deliveryOf(strings.Repeat("磁盘", 4000))
	for i := range 400 {
		many.To = append(many.To, Recipient{fmt.Sprintf("user%d", i), fmt.Sprintf("Account%d", i)})
	}
	for _, d := range []*Delivery{deliveryOf("m"), deliveryOf(strings.Repeat("x", 5000)), many} {
		if err := channel.Deliver(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		got := v.texts[len(v.texts)-1]
		if !strings.HasPrefix(got, "**node down**\n") || !strings.Contains(got, "\n<@AliceLi>") || !strings.Contains(got, "(not mentioned: bob") ||
			strings.Contains(got, "<@138") || !strings.Contains(got, "run run1") {
			t.Errorf("%d bytes: %.80q … %.300q", len(got), got, got[max(0, len(got)-300):])
		}
	}
}

func dingTalkRule(v *vendor, r *http.Request, body []byte) (int, string) {
	query := r.URL.Query()
	var m struct {
		Type string `json:"msgtype"`
		Text struct {
			Content string `json:"content"`
		} `json:"text"`
		At struct {
			Mobiles []string `json:"atMobiles"`
			Users   []string `json:"atUserIds"`
			All     bool     `json:"isAtAll"`
		} `json:"at"`
	}
	switch {
	case r.URL.Path != "/robot/send" || query.Get("access_token") != "t0ken/+&":
		return 200, `{"errcode":300001,"errmsg":"token is not exist"}`
	case query.Get("sign") != dingTalkSign(query.Get("timestamp"), "SEC000test"):
		return 200, `{"errcode":310000,"errmsg":"sign not match"}`
	case len(body) > 20_000:
		return 200, `{"errcode":460101,"errmsg":"message too long"}`
	case !isJSON(r) || !decode(body, &m) || m.Type != "text" || m.At.All:
		return 200, `{"errcode":400101,"errmsg":"bad message"}`
	case !strings.Contains(m.Text.Content, "monitor"):
		return 200, `{"errcode":310000,"errmsg":"keywords not in content"}`
	case !slices.Equal(m.At.Mobiles, []string{"13800000000"}) || !slices.Equal(m.At.Users, []string{"AliceLi"}):
		v.t.Errorf("at %+v", m.At)
	}
	v.texts = append(v.texts, m.Text.Content)
	return 200, `{"errcode":0,"errmsg":"ok"}`
}

func feishuRule(v *vendor, r *http.Request, body []byte) (int, string) {
	var m struct {
		Timestamp string `json:"timestamp"`
		Sign      string `json:"sign"`
		Type      string `json:"msg_type"`
		Content   struct {
			Post struct {
				Chinese struct {
					Title   string `json:"title"`
					Content [][]struct {
						Tag  string `json:"tag"`
						Text string `json:"text"`
						User string `json:"user_id"`
					} `json:"content"`
				} `json:"zh_cn"`
			} `json:"post"`
		} `json:"content"`
	}
	switch {
	case r.URL.Path != "/open-apis/bot/v2/hook/t0ken":
		return 400, `{"code":19001,"msg":"param invalid: incoming webhook access token invalid"}`
	case len(body) > 20<<10:
		return 400, `{"code":9499,"msg":"too long"}`
	case !isJSON(r) || !decode(body, &m) || m.Type != "post":
		return 400, `{"code":9499,"msg":"Bad Request"}`
	case m.Sign != feishuSign(m.Timestamp, "feishu-secret"):
		return 200, `{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}`
	}
	post := m.Content.Post.Chinese
	line := post.Content[0]
	if len(line) != 3 || line[0].Tag != "text" || line[1].Tag != "at" || line[1].User != "AliceLi" {
		v.t.Errorf("content %+v", post.Content)
	}
	v.texts = append(v.texts, post.Title+"\n"+line[0].Text)
	return 200, `{"code":0,"msg":"success","data":{}}`
}

func slackRule(v *vendor, r *http.Request, body []byte) (int, string) {
	var m struct {
		Text string `json:"text"`
	}
	if r.URL.Path != "/services/T0/B0/sEcReT" {
		return 404, "no_service"
	}
	if !isJSON(r) || !decode(body, &m) {
		return 400, "invalid_payload"
	}
	text, mentions, _ := strings.Cut(m.Text, "\n<@AliceLi>")
	if mentions != "\n<@13800000000>" || strings.ContainsAny(text, "<>") || len(text) > 40_000*4 {
		v.t.Errorf("text %.200q", m.Text)
	}
	v.texts = append(v.texts, strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text))
	return 200, "ok"
}

func telegramRule(v *vendor, r *http.Request, body []byte) (int, string) {
	var m struct {
		Chat string `json:"chat_id"`
		Text string `json:"text"`
	}
	switch {
	case r.URL.Path != "/bot123:sEcReT/sendMessage":
		return 401, `{"ok":false,"error_code":401,"description":"Unauthorized"}`
	case !isJSON(r) || !decode(body, &m) || m.Chat != "-1001":
		return 400, `{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}`
	case !withinUnits(4096)(m.Text):
		return 400, `{"ok":false,"error_code":400,"description":"Bad Request: message is too long"}`
	}
	v.texts = append(v.texts, m.Text)
	return 200, `{"ok":true,"result":{}}`
}

func wecomAppRule(v *vendor, r *http.Request, body []byte) (int, string) {
	query := r.URL.Query()
	if r.URL.Path == "/cgi-bin/gettoken" {
		if query.Get("corpid") != "ww1" || query.Get("corpsecret") != "s/ecret+" {
			return 200, `{"errcode":40001,"errmsg":"invalid credential"}`
		}
		return 200, fmt.Sprintf(`{"errcode":0,"errmsg":"ok","access_token":"token-%d","expires_in":7200}`, v.calls)
	}
	var m struct {
		To       string `json:"touser"`
		Type     string `json:"msgtype"`
		Agent    int    `json:"agentid"`
		Safe     int    `json:"safe"`
		Check    int    `json:"enable_duplicate_check"`
		Interval int    `json:"duplicate_check_interval"`
		Text     struct {
			Content string `json:"content"`
		} `json:"text"`
	}
	switch {
	case r.URL.Path != "/cgi-bin/message/send" || !strings.HasPrefix(query.Get("access_token"), "token-"):
		return 200, `{"errcode":40014,"errmsg":"invalid access_token"}`
	case !isJSON(r) || !decode(body, &m) || m.Type != "text" || m.Agent != 1000002 || m.Check != 1:
		return 200, `{"errcode":40008,"errmsg":"invalid message"}`
	case len(m.Text.Content) > 2048:
		return 200, `{"errcode":40058,"errmsg":"too long"}`
	case m.To != "AliceLi|13800000000":
		v.t.Errorf("to %q", m.To)
	}
	v.texts = append(v.texts, m.Text.Content)
	return 200, `{"errcode":0,"errmsg":"ok","invaliduser":""}`
}

func gatewayRule(v *vendor, r *http.Request, body []byte) (int, string) {
	var m struct {
		To   string `json:"to"`
		Text string `json:"text"`
	}
	switch {
	case r.Header.Get("Authorization") != "Bearer sEcReT" || r.URL.Query().Get("item") != "nodes":
		return 401, `{"result":{"code":1}}`
	case r.Method != http.MethodPut || !isPut(r) || !decode(body, &m) || m.To != "AliceLi,13800000000":
		return 200, `{"result":{"code":2,"text":"bad"}}`
	}
	v.texts = append(v.texts, m.Text)
	return 200, `{"result":{"code":0}}`
}

func isPut(r *http.Request) bool { return r.Header.Get("Content-Type") == "application/json" }

// vendorCase is a channel that is set up rightly for its vendor.
type vendorCase struct {
	rule     func(v *vendor, r *http.Request, body []byte) (int, string)
	settings map[string]SettingValue
	secrets  []string
	limit    int // bytes of message that arrive whole in any case
}

func texts(pairs ...string) map[string]SettingValue {
	settings := map[string]SettingValue{"rate": {Text: "10000/s"}}
	for i := 0; i < len(pairs); i += 2 {
		settings[pairs[i]] = SettingValue{Text: pairs[i+1]}
	}
	return settings
}

func vendorCases() map[string]vendorCase {
	gateway := texts("url", "https://sms.example.com/send?item=<ITEM>", "method", "PUT", "body", `{"to": "<ADDRESS>", "text": "<TITLE>\n<MESSAGE>"}`,
		"success_field", "result.code", "success_value", "0")
	gateway["headers"] = SettingValue{Pairs: [][2]string{{"Authorization", "file:Bearer sEcReT"}}}
	return map[string]vendorCase{
		"wecom_bot": {wecomBotRule, texts("key", "secret:the key/+&"), []string{"the key/+&", "the+key"}, 1500},
		"wecom_app": {wecomAppRule, texts("corpid", "ww1", "secret", "secret:s/ecret+", "agentid", "file:1000002"), []string{"s/ecret+", "s%2Fecret", "token-1"}, 1500},
		"dingtalk":  {dingTalkRule, texts("token", "secret:t0ken/+&", "secret", "secret:SEC000test", "keyword", "monitor"), []string{"t0ken", "SEC000test"}, 5000},
		"feishu":    {feishuRule, texts("token", "secret:t0ken", "secret", "secret:feishu-secret"), []string{"t0ken", "feishu-secret"}, 5000},
		"slack":     {slackRule, texts("url", "file:https://hooks.slack.com/services/T0/B0/sEcReT"), []string{"sEcReT"}, 5000},
		"telegram":  {telegramRule, texts("token", "secret:123:sEcReT", "chat_id", "-1001"), []string{"sEcReT"}, 3500},
		"http":      {gatewayRule, gateway, []string{"sEcReT"}, 5000},
	}
}

// A base URL may have a path of its own, as behind a proxy of the site.
func TestTheBaseURLStandsBeforeEveryPath(t *testing.T) {
	for kind, c := range vendorCases() {
		v := newVendor(t, func(v *vendor, r *http.Request, body []byte) (int, string) {
			path, ok := strings.CutPrefix(r.URL.Path, "/to/vendor")
			if !ok {
				t.Errorf("%s asked for %s", kind, r.URL.Path)
			}
			r.URL.Path = path
			return c.rule(v, r, body)
		})
		if err := channelTo(t, kind, c.settings, v.server.URL+"/to/vendor/", hostState(t)).Deliver(t.Context(), deliveryOf("m")); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// hostState is a folder of its own for what processes share.
func hostState(t testing.TB) func() (*record.Tree, error) {
	folder := t.TempDir() + "/state"
	return func() (*record.Tree, error) { return record.OpenPrivate([]string{folder}) }
}

// secretOf is a reader of secrets: secret:x and file:x are x.
func secretOf(text string) (string, error) {
	if name, ok := strings.CutPrefix(text, "env:"); ok {
		return "", fmt.Errorf("environment variable %q is not set", name)
	}
	return strings.TrimPrefix(strings.TrimPrefix(text, "secret:"), "file:"), nil
}

// channelTo makes a channel whose server is at an address.
func channelTo(t testing.TB, kind string, settings map[string]SettingValue, base string, shared func() (*record.Tree, error)) Channel {
	t.Helper()
	spec := ChannelSpec{Name: "it", Type: kind, Settings: map[string]SettingValue{"timeout": {Text: "5s"}, "proxy": {Text: "none"}}}
	for key, value := range settings {
		value.Text = strings.ReplaceAll(value.Text, "BASE", base)
		spec.Settings[key] = value
	}
	spec.Settings["base_url"] = SettingValue{Text: base}
	channel, err := NewChannel(spec, ChannelOptions{Secret: secretOf, State: shared})
	if err != nil {
		t.Fatal(err)
	}
	return channel
}

func deliveryOf(message string) *Delivery {
	a := alarm(message)
	a.normalise(time.Now(), "")
	return &Delivery{Alarm: &a, To: []Recipient{{"alice", "AliceLi"}, {"bob", "13800000000"}}}
}

// hostile are messages that something on the way might take for more than text.
func hostile() []string {
	return []string{
		"'; touch /tmp/p; '", "$(id)", "`id`", `\1 \n \t \\`, "<RECEIVERS>", "<TITLE><MESSAGE>", "<script>alert(1)</script>", "&lt;b&gt; &amp;",
		"*bold* _under_ ~strike~ [a](http://x) # h", "**x** `code` > quote", `{"text": "x"}`, `"}, "evil": {"`, `\u0000 \ud83d`, "a\r\nX-Injected: 1",
		"\r\n.\r\nMAIL FROM:<x@y>", "%00 %0d%0a %s %n", "名称：磁盘空间不足，使用率 97%", "emoji 🙂🏳️‍🌈 end", "\u202eright to left\u202c", "\ufeffbom", "tab\there", "\x01\x02\x1b[31mred",
		"@all @everyone <!channel> <@U1>", "=cmd|' /C calc'!A0", "a=b&c=d?e#f", "..", "../../etc/passwd", strings.Repeat("x", 1400), " leading and trailing ", "line\n\n\nlines",
		"${jndi:ldap://x}", "{{.Title}} {% x %}", "\u2028\u2029", "' OR 1=1 --",
	}
}

func TestHostileMessagesArriveLiterally(t *testing.T) {
	for kind, c := range vendorCases() {
		t.Run(kind, func(t *testing.T) {
			v := newVendor(t, c.rule)
			channel := channelTo(t, kind, c.settings, v.server.URL, hostState(t))
			for _, message := range hostile() {
				if err := channel.Deliver(t.Context(), deliveryOf(message)); err != nil {
					t.Errorf("%q: %v", message, err)
					continue
				}
				if got := v.texts[len(v.texts)-1]; !strings.Contains(got, "node down\n"+message) {
					t.Errorf("%q arrived as %q", message, got)
				}
			}
		})
	}
}

func TestLongMessagesAreCutWithinTheVendorsLimits(t *testing.T) {
	long := []string{
		"head " + strings.Repeat("x", 200_000) + " tail", "head " + strings.Repeat("磁盘", 40_000) + " tail",
		"head " + strings.Repeat("🙂", 40_000) + " tail", "head " + strings.Repeat("\"\\\n<", 30_000) + " tail", "head " + strings.Repeat("\x01", 100_000) + " tail",
	}
	for kind, c := range vendorCases() {
		t.Run(kind, func(t *testing.T) {
			v := newVendor(t, c.rule)
			channel := channelTo(t, kind, c.settings, v.server.URL, hostState(t))
			for _, message := range long {
				if err := channel.Deliver(t.Context(), deliveryOf(message)); err != nil {
					t.Errorf("%.20q: %v", message, err)
					continue
				}
				got := v.texts[len(v.texts)-1]
				if kind == "http" {
					if !strings.Contains(got, message) {
						t.Errorf("%.20q was cut", message)
					}
					continue
				}
				if !strings.Contains(got, "node down\nhead ") || !strings.Contains(got, "[cut: ") || !strings.Contains(got, "run run1") || len(got) < c.limit/2 {
					t.Errorf("%.20q arrived as %d bytes: %.80q … %.80q", message, len(got), got, got[max(0, len(got)-80):])
				}
			}
		})
	}
}

// break_ changes one setting.
func broken(settings map[string]SettingValue, key, text string) map[string]SettingValue {
	changed := map[string]SettingValue{}
	for k, v := range settings {
		changed[k] = v
	}
	changed[key] = SettingValue{Text: text}
	return changed
}

func TestNoTitleKeepsAnAlarmFromItsVendor(t *testing.T) {
	long := strings.Repeat("x", 30_000)
	for name, c := range vendorCases() {
		v := newVendor(t, c.rule)
		channel := channelTo(t, name, c.settings, v.server.URL, hostState(t))
		for _, d := range []*Delivery{
			deliveryOf("monitor"), deliveryOf(long + " monitor " + long), deliveryOf("itor says"), deliveryOf("m"), deliveryOf(long),
		} {
			d.Alarm.Title = strings.Repeat("\x01", 6000)
			if d.Alarm.Message == "itor says" {
				d.Alarm.Title = "mon"
			}
			if err := channel.Deliver(t.Context(), d); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestTheVendorsRefusalIsAFailureForGood(t *testing.T) {
	for kind, wrong := range map[string][2]string{
		"wecom_bot": {"key", "secret:bad-key"}, "wecom_app": {"secret", "secret:bad-key"}, "dingtalk": {"secret", "secret:bad-key"},
		"feishu": {"secret", "secret:bad-key"}, "slack": {"url", "BASE/services/bad-key"}, "telegram": {"token", "secret:bad-key"},
	} {
		c := vendorCases()[kind]
		v := newVendor(t, c.rule)
		channel := channelTo(t, kind, broken(c.settings, wrong[0], wrong[1]), v.server.URL, hostState(t))
		err := channel.Deliver(t.Context(), deliveryOf("m"))
		if failure := failureOf(err); err == nil || !failure.Permanent || failure.Unreachable || strings.Contains(err.Error(), "bad-key") {
			t.Errorf("%s: %+v", kind, err)
		}
		if len(v.texts) != 0 {
			t.Errorf("%s: delivered", kind)
		}
	}
}

// An answer of 200 is no delivery.
func TestAnswersThatAreNoDelivery(t *testing.T) {
	for kind, c := range vendorCases() {
		for _, answer := range []struct {
			status int
			body   string
			want   DeliveryError
		}{
			{200, "", DeliveryError{}}, {200, "<html>login</html>", DeliveryError{}}, {200, `{}`, DeliveryError{}}, {200, `[1]`, DeliveryError{}},
			{204, "", DeliveryError{}}, {500, "oops", DeliveryError{}}, {503, `{"errcode": 0, "code": 0`, DeliveryError{}},
			{401, `{"message":"invalid API key"}`, DeliveryError{Permanent: true}}, {503, `{"message":"try again"}`, DeliveryError{}},
			{401, "", DeliveryError{Permanent: true}}, {403, "", DeliveryError{Permanent: true}}, {301, "", DeliveryError{Permanent: true}},
			{200, strings.Repeat("x", 1<<20), DeliveryError{}},
		} {
			v := newVendor(t, func(*vendor, *http.Request, []byte) (int, string) { return answer.status, answer.body })
			channel := channelTo(t, kind, c.settings, v.server.URL, hostState(t))
			err := channel.Deliver(t.Context(), deliveryOf("m"))
			if err == nil {
				t.Errorf("%s: %d %.30q counts as delivered", kind, answer.status, answer.body)
				continue
			}
			told := answer.status/100 == 2 || strings.Contains(err.Error(), fmt.Sprintf("status %d", answer.status))
			if got := failureOf(err); got.Permanent != answer.want.Permanent || len(err.Error()) > 600 || !told {
				t.Errorf("%s: %d %.30q: %+v", kind, answer.status, answer.body, err)
			}
		}
	}
}

func TestTheServersWaitsAreKept(t *testing.T) {
	for kind, answer := range map[string]struct {
		status int
		body   string
		wait   time.Duration
	}{
		"wecom_bot": {200, `{"errcode":45009,"errmsg":"api freq out of limit"}`, time.Minute},
		"dingtalk":  {200, `{"errcode":130101,"errmsg":"send too fast"}`, 10 * time.Minute},
		"feishu":    {200, `{"code":11232,"msg":"frequency limited"}`, 5 * time.Second},
		"telegram":  {429, `{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":35}}`, 35 * time.Second},
		"slack":     {429, `rate_limited`, 0},
	} {
		c := vendorCases()[kind]
		v := newVendor(t, func(*vendor, *http.Request, []byte) (int, string) { return answer.status, answer.body })
		shared := hostState(t)
		channel := channelTo(t, kind, c.settings, v.server.URL, shared)
		err := channel.Deliver(t.Context(), deliveryOf("m"))
		if failure := failureOf(err); err == nil || failure.Permanent || failure.Wait != answer.wait {
			t.Errorf("%s: %+v", kind, err)
		}
		if answer.wait < time.Minute/2 {
			continue
		}
		// Another process of this host does not even ask.
		channel = channelTo(t, kind, c.settings, v.server.URL, shared)
		err = channel.Deliver(t.Context(), deliveryOf("m"))
		if failure := failureOf(err); !failure.Unsent || failure.Wait <= 0 || v.calls != 1 {
			t.Errorf("%s, again: %+v after %d calls", kind, err, v.calls)
		}
	}
}

func TestRetryAfterMayBeADate(t *testing.T) {
	now := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"120": 2 * time.Minute, " 5 ": 5 * time.Second, "Thu, 26 Nov 2026 10:01:00 GMT": time.Minute, "Thu, 26 Nov 2026 09:00:00 GMT": 0, "soon": 0, "": 0, "-1": 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func TestSignatures(t *testing.T) {
	if got := dingTalkSign("1700000000000", "SEC000test"); got != "1hLl2KkRX3rps9FaitIUwaac+CtAFEaP345jvdrTL7c=" {
		t.Errorf("DingTalk %s", got)
	}
	if got := feishuSign("1700000000", "feishu-secret"); got != "OrBzY1Y01Gq+HgJsl+7OfWcMVwc7YocohQm5iiZwjhU=" {
		t.Errorf("Feishu %s", got)
	}
}

func TestTheTokenOfAnApplicationIsKept(t *testing.T) {
	c := vendorCases()["wecom_app"]
	v := newVendor(t, c.rule)
	shared := hostState(t)
	for range 3 {
		if err := channelTo(t, "wecom_app", c.settings, v.server.URL, shared).Deliver(t.Context(), deliveryOf("m")); err != nil {
			t.Fatal(err)
		}
	}
	if v.calls != 4 { // one token, three messages
		t.Errorf("%d calls", v.calls)
	}
	// One that the server does not know any more is fetched anew, once.
	refusals := 0
	v.check = func(v *vendor, r *http.Request, body []byte) (int, string) {
		if r.URL.Query().Get("access_token") == "token-1" {
			refusals++
			return 200, `{"errcode":42001,"errmsg":"access_token expired"}`
		}
		return c.rule(v, r, body)
	}
	if err := channelTo(t, "wecom_app", c.settings, v.server.URL, shared).Deliver(t.Context(), deliveryOf("m")); err != nil || refusals != 1 {
		t.Errorf("%v after %d refusals", err, refusals)
	}
	v.check = func(v *vendor, r *http.Request, body []byte) (int, string) {
		if r.URL.Path == "/cgi-bin/message/send" {
			return 200, `{"errcode":0,"errmsg":"ok","invaliduser":"aliceli"}`
		}
		return c.rule(v, r, body)
	}
	err := channelTo(t, "wecom_app", c.settings, v.server.URL, shared).Deliver(t.Context(), deliveryOf("m"))
	if failure := failureOf(err); err == nil || !failure.Permanent || !slices.Equal(failure.Reached, []string{"bob"}) {
		t.Errorf("an unknown account: %+v", err)
	}
}

func TestEachReceiverHasARequestOfHisOwn(t *testing.T) {
	var asked []string
	v := newVendor(t, func(_ *vendor, r *http.Request, _ []byte) (int, string) {
		asked = append(asked, r.URL.Query().Get("to"))
		if r.URL.Query().Get("to") == "13800000000" {
			return 503, ""
		}
		return 200, ""
	})
	channel := channelTo(t, "http", texts("url", "BASE/?to=<ADDRESS>", "method", "GET", "per_receiver", "true"), v.server.URL, nil)
	err := channel.Deliver(t.Context(), deliveryOf("m"))
	failure := failureOf(err)
	if !slices.Equal(asked, []string{"AliceLi", "13800000000"}) || !slices.Equal(failure.Reached, []string{"alice"}) || !strings.HasPrefix(failure.Problem, "bob: status 503") {
		t.Errorf("asked for %q: %+v", asked, err)
	}
	// The one who was reached is left out of the next attempt.
	w := plainWorld(t)
	sender := board(nil)
	sender.Plan = func(a *Alarm, _ time.Time) Plan {
		return Plan{Deliveries: []PlannedDelivery{{"sms", []string{"alice", "bob"}}}, Receivers: a.Receivers, Action: ActionSend}
	}
	sender.Channel = func(string) (Channel, error) { return channel, nil }
	sender.Resolve = func(*Alarm, string, []string) ([]Recipient, string) { return deliveryOf("").To, "" }
	asked = nil
	d := w.dispatcher(sender)
	d.Raise(alarm("m"))
	d.Drain(time.Minute)
	d = w.dispatcher(sender)
	if _, err := d.FlushPending(true); err != nil {
		t.Fatal(err)
	}
	d.Drain(time.Minute)
	if !slices.Equal(asked, []string{"AliceLi", "13800000000", "13800000000"}) {
		t.Errorf("asked for %q", asked)
	}
}

func TestTemplatesEscapeForTheirPlace(t *testing.T) {
	const nasty = "a\"b\\c&d=e\r\nX-Injected: 1 <ID>"
	var seen *http.Request
	var body string
	v := newVendor(t, func(_ *vendor, r *http.Request, b []byte) (int, string) {
		seen, body = r, string(b)
		return 200, ""
	})
	send := func(settings map[string]SettingValue) {
		t.Helper()
		if err := channelTo(t, "http", settings, v.server.URL, nil).Deliver(t.Context(), deliveryOf(nasty)); err != nil {
			t.Fatal(err)
		}
	}
	form := texts("url", "BASE/?q=<MESSAGE>", "body", "text=<MESSAGE>&to=<RECEIVERS>")
	form["headers"] = SettingValue{Pairs: [][2]string{{"X-Message", "m <MESSAGE>"}}}
	send(form)
	values, err := url.ParseQuery(body)
	if err != nil || values.Get("text") != nasty || values.Get("to") != "alice bob" || seen.URL.Query().Get("q") != nasty {
		t.Errorf("form %q, query %q, %v", body, seen.URL.RawQuery, err)
	}
	if seen.Header.Get("X-Message") != "m "+strings.NewReplacer("\r", " ", "\n", " ").Replace(nasty) || seen.Header.Get("X-Injected") != "" {
		t.Errorf("headers %v", seen.Header)
	}
	send(texts("url", "BASE/", "body", "plain <MESSAGE>"))
	if body != "plain "+nasty || seen.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("body %q", body)
	}
	send(texts("url", "BASE/", "body", `["<MESSAGE>", "</MESSAGE>", "<b>"]`))
	var list []string
	if err := json.Unmarshal([]byte(body), &list); err != nil || !reflect.DeepEqual(list, []string{nasty, "</MESSAGE>", "<b>"}) {
		t.Errorf("body %q: %v", body, err)
	}
}

func TestAnAlarmToNobodyIsNotDelivered(t *testing.T) {
	v := newVendor(t, func(*vendor, *http.Request, []byte) (int, string) {
		return 200, `{"ok":true,"errcode":0,"access_token":"t"}`
	})
	for kind, settings := range map[string]map[string]SettingValue{
		"telegram": texts("token", "t"), "wecom_app": texts("corpid", "c", "secret", "s", "agentid", "1"),
		"http": texts("url", "BASE/?to=<ADDRESS>"), "http ": texts("url", "BASE/", "per_receiver", "true"),
	} {
		d := deliveryOf("m")
		d.To, d.Note = nil, "(for carol, who has no address on it)"
		err := channelTo(t, strings.TrimSpace(kind), settings, v.server.URL, nil).Deliver(t.Context(), d)
		if failure := failureOf(err); err == nil || !failure.Permanent || !strings.Contains(err.Error(), "for carol") || v.calls != 0 {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestASecretThatCannotBeReadIsNoAttempt(t *testing.T) {
	channel := channelTo(t, "wecom_bot", texts("key", "env:NOT_SET"), "http://127.0.0.1:1", nil)
	if err := channel.Deliver(t.Context(), deliveryOf("m")); err == nil || !strings.Contains(err.Error(), "NOT_SET") || !errors.As(err, new(*DeliveryError)) {
		t.Errorf("%v", err)
	}
}
