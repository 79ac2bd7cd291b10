package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/words"
)

// templated sends by a request that the config describes: to an SMS gateway, or
// to anything else that speaks HTTP.
type templated struct{ *connection }

func newTemplated(c *connection) Channel { return &templated{c} }

func templateSettings() []setting {
	return []setting{
		{"url", true, checkTemplateURL}, {"method", false, oneOf("GET", "POST", "PUT", "PATCH")},
		{"headers", false, checkHeaders}, {"body", false, checkTemplateText}, optional("content_type"),
		{"success_status", false, checkStatusRange}, optional("success_field"), optional("success_value"),
		{"per_receiver", false, oneOf("true", "false")},
	}
}

// templateNames are the placeholders of a request.
var templateNames = [...]string{"TITLE", "MESSAGE", "RECEIVERS", "ADDRESS", "DIRECTION", "ITEM", "LEVEL", "RUN", "HOST", "TIME", "ID"}

// templateValues are what the placeholders stand for.
func templateValues(d *Delivery, limit int) map[string]string {
	a := d.Alarm
	message := a.Message
	if d.Note != "" {
		message += "\n" + d.Note
	}
	var names []string
	for _, to := range d.To {
		names = append(names, to.Name)
	}
	values := map[string]string{
		"TITLE": a.Title, "MESSAGE": fit(message, withinBytes(limit)), "RECEIVERS": strings.Join(names, " "),
		"ADDRESS": strings.Join(d.addresses(), ","), "DIRECTION": a.Direction, "ITEM": a.Item, "LEVEL": string(a.Level),
		"RUN": a.Run, "HOST": a.Host, "TIME": a.Time.Local().Format(record.TimeLayout), "ID": a.ID,
	}
	return values
}

// fill puts values in the places of placeholders, each escaped for its place. It
// goes through the text once, so that a value is never looked at again.
func fill(text string, values map[string]string, escape func(string) string) string {
	var b strings.Builder
	for {
		start := strings.IndexByte(text, '<')
		if start < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:start])
		text = text[start:]
		name := tagAt(text)
		value, known := values[name]
		if !known || name == "" {
			b.WriteByte('<')
			text = text[1:]
			continue
		}
		b.WriteString(escape(value))
		text = text[len(name)+2:]
	}
}

// misspelt finds a placeholder that is none but near to one.
func misspelt(text string) (problem, hint string) {
	for rest := text; ; {
		start := strings.IndexByte(rest, '<')
		if start < 0 {
			return "", ""
		}
		rest = rest[start:]
		name := tagAt(rest)
		rest = rest[1:]
		if name == "" || name != strings.ToUpper(name) || slices.Contains(templateNames[:], name) || closed(text, name) {
			continue
		}
		if near := words.Nearest(name, templateNames[:]); near != "" {
			return "has the placeholder <" + name + ">, which is not known", "did you mean <" + near + ">?"
		}
		return "has the placeholder <" + name + ">, which is not known", "known are <" + strings.Join(templateNames[:], ">, <") + ">"
	}
}

func checkTemplateText(v SettingValue) (problem, hint string) {
	if problem, hint := checkText(v); problem != "" {
		return problem, hint
	}
	return misspelt(v.Text)
}

func checkTemplateURL(v SettingValue) (problem, hint string) {
	if problem, hint := checkTemplateText(v); problem != "" || kept(v.Text) {
		return problem, hint
	}
	plain := fill(v.Text, templateValues(&Delivery{Alarm: &Alarm{}}, maxTitle), url.QueryEscape)
	if problem := urlProblem(plain); problem != "" {
		return problem, "write one such as https://sms.example.com/send?to=<ADDRESS>"
	}
	return "", ""
}

func checkHeaders(v SettingValue) (problem, hint string) {
	const example = "write them as {Authorization: 'env:SMS_TOKEN'}"
	if v.Pairs == nil {
		return "is no group of keys", example
	}
	for _, pair := range v.Pairs {
		if strings.Trim(pair[0], wordBytes+"-") != "" || pair[0] == "" {
			return "has a name that no header can have", example
		}
		if problem, hint := misspelt(pair[1]); problem != "" {
			return problem, hint
		}
	}
	return "", ""
}

func checkStatusRange(v SettingValue) (problem, hint string) {
	if _, _, ok := statusRange(v.Text); !ok {
		return "is no range of statuses", "write 200, or 200-299"
	}
	return "", ""
}

func statusRange(text string) (from, to int, ok bool) {
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	from, err1 := strconv.Atoi(strings.TrimSpace(first))
	to, err2 := strconv.Atoi(strings.TrimSpace(last))
	return from, to, err1 == nil && err2 == nil && from >= 100 && to <= 599 && from <= to
}

// usesAddress reports whether a receiver without an address cannot be reached.
func usesAddress(spec ChannelSpec) bool {
	if strings.Contains(spec.Settings["url"].Text+spec.Settings["body"].Text, "<ADDRESS>") {
		return true
	}
	return slices.ContainsFunc(spec.Settings["headers"].Pairs, func(pair [2]string) bool { return strings.Contains(pair[1], "<ADDRESS>") })
}

// Deliver makes one request, or one for each recipient.
func (t *templated) Deliver(ctx context.Context, d *Delivery) error {
	perReceiver := t.spec.text("per_receiver", "false") == "true"
	switch {
	case len(d.addresses()) == 0 && usesAddress(t.spec), len(d.To) == 0 && perReceiver:
		return errNobody(d)
	case !perReceiver:
		return t.request(ctx, d)
	}
	var all partial
	for _, to := range d.To {
		one := *d
		one.To = []Recipient{to}
		all.add(to.Name, t.request(ctx, &one))
	}
	return all.error()
}

func (t *templated) request(ctx context.Context, d *Delivery) error {
	if err := t.turn(ctx); err != nil {
		return err
	}
	r, err := t.fill(d)
	if err != nil {
		return err
	}
	reply, err := t.post(ctx, r)
	if err != nil {
		return err
	}
	return t.judge(reply)
}

// fill makes the request. What is kept elsewhere is read whole, and is a template
// as the rest is.
func (t *templated) fill(d *Delivery) (request, error) {
	values := templateValues(d, t.limit(1<<20))
	r := request{method: t.spec.text("method", http.MethodPost)}
	address, err := t.secret("url")
	if err != nil {
		return r, err
	}
	if r.url, err = t.based(fill(address, values, url.QueryEscape)); err != nil {
		return r, err
	}
	body := t.spec.text("body", "")
	r.contentType = t.spec.text("content_type", guessType(body))
	r.body = []byte(fill(body, values, escapeFor(r.contentType)))
	for _, pair := range t.spec.Settings["headers"].Pairs {
		value := pair[1]
		if kept(value) {
			if value, err = t.secretOf(value); err != nil {
				return r, err
			}
		}
		r.header = append(r.header, [2]string{pair[0], fill(value, values, onOneLine)})
	}
	return r, nil
}

func guessType(body string) string {
	switch {
	case body == "":
		return ""
	case strings.HasPrefix(strings.TrimSpace(body), "{"), strings.HasPrefix(strings.TrimSpace(body), "["):
		return "application/json"
	case strings.Contains(body, "=<"):
		return "application/x-www-form-urlencoded"
	}
	return "text/plain; charset=utf-8"
}

// escapeFor makes a value safe within a body of this type.
func escapeFor(contentType string) func(string) string {
	switch {
	case strings.Contains(contentType, "json"):
		return func(value string) string {
			data, err := jsonOf(value)
			if err != nil {
				return ""
			}
			return string(data[1 : len(data)-1]) // the placeholder stands between quotes of its own
		}
	case strings.Contains(contentType, "form-urlencoded"):
		return url.QueryEscape
	}
	return func(value string) string { return value }
}

// onOneLine keeps a value within its header.
func onOneLine(value string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, value)
}

// judge says whether an answer means that the alarm was delivered.
func (t *templated) judge(r reply) error {
	from, to, ok := statusRange(t.spec.text("success_status", "200-299"))
	if ok && (r.status < from || r.status > to) {
		if failure := t.judgeStatus(r); failure != nil {
			return failure
		}
		return &DeliveryError{Problem: fmt.Sprintf("status %d: %s", r.status, t.said(r.body)), Wait: r.retryAfter}
	}
	path := t.spec.text("success_field", "")
	if path == "" {
		return nil
	}
	found, ok := fieldOf(r.body, path)
	want := t.spec.text("success_value", "")
	if !ok || want != "" && found != want {
		return &DeliveryError{Problem: fmt.Sprintf("%s of the answer is %q: %s", path, t.scrub(cut(found, 60)), t.said(r.body)), Wait: r.retryAfter}
	}
	return nil
}

// fieldOf finds a value in a JSON answer, such as result.code or list.0.id.
func fieldOf(body []byte, path string) (string, bool) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var at any
	if decoder.Decode(&at) != nil {
		return "", false
	}
	for name := range strings.SplitSeq(path, ".") {
		switch node := at.(type) {
		case map[string]any:
			at = node[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(node) {
				return "", false
			}
			at = node[i]
		default:
			return "", false
		}
	}
	switch value := at.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	case bool:
		return strconv.FormatBool(value), true
	}
	return "", false
}
