package notify

import (
	"bytes"
	"mime"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"
)

// letterOf makes the mail of an alarm by a channel with a sender.
func letterOf(t testing.TB, from string, d *Delivery) (*letter, error) {
	t.Helper()
	spec := ChannelSpec{Name: "mail", Type: "email", Settings: texts("smtp", "mail.example.com", "from", from)}
	return (&email{&connection{spec: spec, options: ChannelOptions{Now: time.Now}}}).letter(d, d.To)
}

// checkLines finds what no mail may have (RFC 5322, 2.1.1; RFC 2047, 2).
func checkLines(t *testing.T, data []byte) {
	t.Helper()
	text, ok := strings.CutSuffix(string(data), "\r\n")
	if !ok {
		t.Error("the last line has no end")
	}
	header, _, _ := strings.Cut(text, "\r\n\r\n")
	for line := range strings.SplitSeq(text, "\r\n") {
		if strings.ContainsAny(line, "\r\n\x00") || len(line) > 998 {
			t.Errorf("a line of %d bytes: %.200q", len(line), line)
		}
	}
	for line := range strings.SplitSeq(header, "\r\n") {
		if strings.Contains(line, "=?") && len(line) > 76 {
			t.Errorf("encoded words on a line of %d: %q", len(line), line)
		}
		if strings.TrimSpace(line) == "" {
			t.Errorf("an empty line in the header: %q", header)
		}
	}
}

var letterHeaders = []string{"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To", "X-Mvrun-Item"}

func TestLongMails(t *testing.T) {
	d := mailed(strings.Repeat("磁盘 97% é ", 3000) + "\n" + strings.Repeat("y", 20_000) + "\n" + strings.Repeat(".\n", 100))
	for range 300 {
		d.To = append(d.To, Recipient{"on call", `"值班 ` + strings.Repeat("的人 ", 20) + `" <` + strings.Repeat("x", 64) + "@example.com>"})
	}
	for _, title := range []string{strings.Repeat("磁盘空间不足", 100), strings.Repeat("x", 1000), strings.Repeat("word ", 200), strings.Repeat("é ", 100)} {
		d.Alarm.Title = title
		l, err := letterOf(t, "mvrun@example.com", d)
		if err != nil {
			t.Fatal(err)
		}
		checkLines(t, l.data)
		if slices.ContainsFunc(l.data, func(b byte) bool { return b >= 0x80 }) {
			t.Error("is not of 7 bits")
		}
		header, text, markup := parts(t, l.data)
		decoded, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
		if err != nil || decoded != subject(d.Alarm) {
			t.Errorf("%.30q arrived as %q, %v", title, decoded, err)
		}
		if to, err := header.AddressList("To"); err != nil || len(to) != 302 || !strings.HasPrefix(d.To[301].Address, `"`+to[301].Name+`" <`) {
			t.Errorf("%d receivers, %v", len(to), err)
		}
		if !strings.HasPrefix(text, d.Alarm.Message+"\n") || !strings.Contains(markup, d.Alarm.Message) {
			t.Error("the message is another")
		}
	}
}

func TestWhoAMailIsFrom(t *testing.T) {
	for from, want := range map[string][3]string{
		"mvrun@example.com":                    {"mvrun@example.com", `"mvrun" <mvrun@example.com>`, "@example.com>"},
		"Night Watch <watch@jobs.example.com>": {"watch@jobs.example.com", `"Night Watch" <watch@jobs.example.com>`, "@jobs.example.com>"},
		`"a@b"@example.com`:                    {`"a@b"@example.com`, `"mvrun" <"a@b"@example.com>`, "@example.com>"},
		"值班 <watch@example.com>":               {"watch@example.com", "=?utf-8?q?=E5=80=BC=E7=8F=AD?= <watch@example.com>", "@example.com>"},
		"值班@例子.example":                        {"值班@例子.example", `"mvrun" <值班@例子.example>`, "@例子.example>"},
		"=?utf-8?q?x=0D=0AX=3A_1?= <a@b>":      {"a@b", "=?utf-8?b?eA0KWDogMQ==?= <a@b>", "@b>"},
	} {
		d := mailed("m")
		l, err := letterOf(t, from, d)
		if err != nil {
			t.Errorf("%q: %v", from, err)
			continue
		}
		header, _, _ := parts(t, l.data)
		if l.from != want[0] || header.Get("From") != want[1] || header.Get("Message-Id") != "<"+d.Alarm.ID+want[2] {
			t.Errorf("%q: %q, %v", from, l.from, header)
		}
	}
	for _, from := range []string{"mvrun", "a@b\r\nX-Injected: 1", "a@b, c@d", strings.Repeat("x", 600) + "@example.com", "a@b>\r\nRCPT TO:<c@d"} {
		if l, err := letterOf(t, from, mailed("m")); err == nil || !failureOf(err).Permanent {
			t.Errorf("%.40q is from %q", from, l.from)
		}
		if problem, _ := checkMailAddress(SettingValue{Text: from}); problem == "" {
			t.Errorf("%.40q is no problem", from)
		}
	}
}

// Whatever a job, a config and a contact say, a mail has its own headers and no
// others, goes to its receivers alone, and holds the message.
func FuzzLetter(f *testing.F) {
	for _, text := range hostile() {
		f.Add(text, text, "alice@example.com", "mvrun@example.com", text)
		f.Add("title", "message", text+" <alice@example.com>", text+" <mvrun@example.com>", text)
	}
	f.Add("t", "m", "a@b", "c@d", strings.Repeat(" ", 200)+"x")
	f.Add("t", "m", `"a b\"> SIZE=1"@example.com`, `"\\"@[127.0.0.1]`, "  \t a   b ")
	f.Fuzz(func(t *testing.T, title, message, to, from, item string) {
		d := deliveryOf(message)
		d.Alarm.Title, d.Alarm.Item = validText(title), validText(item)
		d.To = []Recipient{{"alice", to}, {"bob", "bob@example.com"}}
		l, err := letterOf(t, from, d)
		if err != nil {
			if isMailAddress(to) && isMailAddress(from) {
				t.Fatal(err)
			}
			return
		}
		for _, address := range append(l.to, l.from) {
			if back, err := mail.ParseAddress("<" + address + ">"); err != nil || onEnvelope(back) != address || strings.ContainsAny(address, "\r\n\x00") {
				t.Errorf("the envelope says %q, %v", address, err)
			}
		}
		if len(item) < 500 {
			checkLines(t, l.data)
		}
		read, err := mail.ReadMessage(bytes.NewReader(l.data))
		if err != nil {
			t.Fatalf("%v in %q", err, l.data)
		}
		var headers []string
		for key, values := range read.Header {
			headers = append(headers, key)
			if len(values) != 1 {
				t.Errorf("%s: %q", key, values)
			}
		}
		if slices.Sort(headers); !slices.Equal(headers, letterHeaders) {
			t.Errorf("headers %v", read.Header)
		}
		if list, err := read.Header.AddressList("To"); err != nil || len(list) != 2 || onEnvelope(list[0]) != l.to[0] {
			t.Errorf("to %v, %v", list, err)
		}
		if _, text, _ := parts(t, l.data); !strings.HasPrefix(text, strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "").Replace(d.Alarm.Message)) {
			t.Errorf("%q arrived as %q", d.Alarm.Message, text)
		}
	})
}
