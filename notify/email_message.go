package notify

import (
	"fmt"
	"html"
	"strings"
	"unicode"

	"github.com/wneessen/go-mail"
)

const (
	maxSubject  = 200 // bytes
	maxMailBody = 1 << 20
)

// message makes the mail of an alarm: a text and the same as HTML.
func (e *email) message(d *Delivery, to []Recipient) (*mail.Msg, error) {
	a := d.Alarm
	m := mail.NewMsg()
	if err := m.FromFormat("mvrun", e.sender()); err != nil {
		return nil, &DeliveryError{Problem: fmt.Sprintf("from: %v", err), Permanent: true}
	}
	for _, recipient := range to {
		if err := m.AddTo(recipient.Address); err != nil {
			return nil, &DeliveryError{Problem: fmt.Sprintf("the address of %s is none", recipient.Name), Permanent: true}
		}
	}
	m.Subject(subject(a))
	m.SetDate()
	// The same for each attempt, so that a mail program can tell a repeat.
	_, domain, _ := strings.Cut(e.sender(), "@")
	m.SetMessageIDWithValue(a.ID + "@" + domain)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office replies
	m.SetGenHeader("X-Mvrun-Item", a.Of().String())
	text := d.text(e.limit(maxMailBody))
	m.SetBodyString(mail.TypeTextPlain, text)
	m.AddAlternativeString(mail.TypeTextHTML, d.html(e.limit(maxMailBody)))
	return m, nil
}

// subject is the title on one line, which keeps it from becoming more headers.
func subject(a *Alarm) string {
	title := a.Title
	if title == "" {
		title = a.Of().String()
	}
	return cut(strings.Join(strings.FieldsFunc(title, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " "), maxSubject)
}

// text is the plain part: the message as it is, and where it comes from.
func (d *Delivery) text(limit int) string {
	message := fit(d.Alarm.Message, withinBytes(limit))
	if d.Note != "" {
		message += "\n\n" + d.Note
	}
	var b strings.Builder
	b.WriteString(message + "\n\n-- \n") // the mark of a signature
	for _, row := range d.rows() {
		fmt.Fprintf(&b, "%s: %s\n", row[0], row[1])
	}
	return b.String()
}

// rows tell where an alarm comes from.
func (d *Delivery) rows() [][2]string {
	a := d.Alarm
	rows := [][2]string{{"Item", a.Of().String()}}
	for _, row := range [][2]string{
		{"Host", strings.TrimSpace(a.Hostname + " " + a.Host)}, {"Time", a.Time.Local().Format("2006-01-02 15:04:05 -07:00")},
		{"Level", string(a.Level)}, {"Run", a.Run}, {"Script", a.Script}, {"Build", a.BuildURL}, {"Receivers", a.receivers()},
	} {
		if row[1] != "" {
			rows = append(rows, row)
		}
	}
	return rows
}

// html is the same for people with a mail program that prefers it. Styles stand
// inline, since many programs drop all others.
func (d *Delivery) html(limit int) string {
	message := fit(d.Alarm.Message, withinBytes(limit))
	if d.Note != "" {
		message += "\n\n" + d.Note
	}
	var b strings.Builder
	b.WriteString(`<!DOCTYPE html><html><body style="margin:0;padding:16px;font-family:sans-serif;font-size:15px;color:#222;background:#fff">` + "\n")
	fmt.Fprintf(&b, `<h2 style="margin:0 0 12px;font-size:18px;border-left:4px solid %s;padding-left:10px">%s</h2>`+"\n", colour(d.Alarm), html.EscapeString(subject(d.Alarm)))
	fmt.Fprintf(&b, `<pre style="margin:0 0 16px;padding:12px;background:#f5f5f5;border-radius:4px;font-size:14px;white-space:pre-wrap;overflow-wrap:anywhere">%s</pre>`+"\n",
		html.EscapeString(message))
	b.WriteString(`<table style="border-collapse:collapse;font-size:13px;color:#555">` + "\n")
	for _, row := range d.rows() {
		fmt.Fprintf(&b, `<tr><td style="padding:2px 12px 2px 0;vertical-align:top">%s</td><td style="overflow-wrap:anywhere">%s</td></tr>`+"\n",
			row[0], html.EscapeString(row[1]))
	}
	b.WriteString("</table></body></html>\n")
	return b.String()
}

// colour tells good news from bad.
func colour(a *Alarm) string {
	if a.Kind == KindRecovery {
		return "#2e7d32"
	}
	return "#c62828"
}
