package notify

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
	"unicode"
)

const (
	maxSubject  = 200 // bytes
	maxMailBody = 1 << 20
)

// letter is a mail with what stands on its envelope.
type letter struct {
	from string
	to   []string
	data []byte
}

// letter makes the mail of an alarm: a text and the same as HTML.
func (e *email) letter(d *Delivery, to []Recipient) (*letter, error) {
	from, err := mailAddress(e.sender())
	if err != nil {
		return nil, &DeliveryError{Problem: fmt.Sprintf("from: %v", err), Permanent: true}
	}
	if from.Name == "" {
		from.Name = "mvrun"
	}
	l := &letter{from: onEnvelope(from)}
	var receivers []string
	for _, recipient := range to {
		address, err := mailAddress(recipient.Address)
		if err != nil {
			return nil, &DeliveryError{Problem: fmt.Sprintf("the address of %s is none", recipient.Name), Permanent: true}
		}
		l.to, receivers = append(l.to, onEnvelope(address)), append(receivers, address.String())
	}
	var b bytes.Buffer
	a := d.Alarm
	writeField(&b, "Date", e.options.Now().Format(time.RFC1123Z))
	writeField(&b, "From", from.String())
	writeField(&b, "To", strings.Join(receivers, ", "))
	writeField(&b, "Subject", encoded(subject(a)))
	// The same for each attempt, so that a mail program can tell a repeat.
	domain := from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	writeField(&b, "Message-ID", "<"+encoded(a.ID)+"@"+domain+">")
	writeField(&b, "Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office replies
	writeField(&b, "X-Mvrun-Item", encoded(a.Of().String()))
	err = writeBody(&b, d.text(e.limit(maxMailBody)), d.html(e.limit(maxMailBody)))
	l.data = b.Bytes()
	return l, err
}

// onEnvelope is an address as SMTP writes it, with the quotes that parsing takes
// off: what is between them must not become a parameter of the command.
func onEnvelope(a *mail.Address) string {
	text := (&mail.Address{Address: a.Address}).String()
	return strings.TrimSuffix(strings.TrimPrefix(text, "<"), ">")
}

// encoded is a text as a header may hold it (RFC 2047). Control characters are
// encoded as well, so that none begins another header.
func encoded(text string) string { return mime.QEncoding.Encode("UTF-8", text) }

// writeField writes a header, folded at its spaces. With encoded words a line
// has 76 characters at most (RFC 2047, 2), and they are of 75.
func writeField(b *bytes.Buffer, key, value string) {
	const most = 76
	b.WriteString(key + ":")
	column := len(key) + 1
	for word := range strings.SplitSeq(value, " ") {
		if word != "" && column+1+len(word) > most {
			b.WriteString("\r\n")
			column = 0
		}
		b.WriteString(" " + word)
		column += 1 + len(word)
	}
	b.WriteString("\r\n")
}

// writeBody writes the rest of a mail: the same in two forms, the better one last
// (RFC 2046, 5.1.4).
func writeBody(b *bytes.Buffer, text, markup string) error {
	parts := multipart.NewWriter(b)
	writeField(b, "MIME-Version", "1.0")
	writeField(b, "Content-Type", "multipart/alternative; boundary="+parts.Boundary())
	b.WriteString("\r\n")
	for _, part := range [][2]string{{"text/plain", text}, {"text/html", markup}} {
		w, err := parts.CreatePart(textproto.MIMEHeader{
			"Content-Type": {part[0] + "; charset=UTF-8"}, "Content-Transfer-Encoding": {"quoted-printable"},
		})
		if err != nil {
			return err
		}
		lines := quotedprintable.NewWriter(w)
		_, err = io.WriteString(lines, part[1])
		if err := errors.Join(err, lines.Close()); err != nil {
			return err
		}
	}
	return parts.Close()
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
