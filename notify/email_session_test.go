package notify

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// script says what a mail server answers to a line, or else to its first word:
// one reply, "close", or "" for none from then on. What is not in it goes well. The
// first reply is that to "connect", the one to a mail that to ".".
type script map[string]string

var goesWell = script{
	"connect": "220 post.example.com", "EHLO": "250-post.example.com\r\n250 8BITMIME", "AUTH": "235 welcome", "STARTTLS": "220 go on",
	"MAIL": "250 so", "RCPT": "250 so", "DATA": "354 go on", ".": "250 taken", "QUIT": "221 bye",
}

func (s script) answer(line string) string {
	word, _, _ := strings.Cut(line, " ")
	for _, answers := range []script{s, goesWell} {
		for _, key := range []string{line, word} {
			if answer, ok := answers[key]; ok {
				return answer
			}
		}
	}
	return "500 what"
}

// scriptedPost is a mail server that follows a script, and keeps what it hears;
// what comes by TLS is marked.
type scriptedPost struct {
	postOffice
	script script

	mu    sync.Mutex
	heard []string
}

func (p *scriptedPost) lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.heard)
}

func (p *scriptedPost) hear(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = append(p.heard, line)
}

// serve talks to one client. After STARTTLS it offers it no more.
func (p *scriptedPost) serve(conn net.Conn, config *tls.Config) {
	lines, mark, line, inMail := bufio.NewReader(conn), "", "connect", false
	for {
		answer := p.script.answer(line)
		if mark != "" {
			answer = strings.ReplaceAll(answer, "250-STARTTLS\r\n", "")
		}
		switch answer {
		case "close":
			return
		case "":
			_, _ = io.Copy(io.Discard, conn)
			return
		}
		if _, err := io.WriteString(conn, answer+"\r\n"); err != nil {
			return
		}
		switch {
		case line == "DATA":
			inMail = strings.HasPrefix(answer, "354")
		case line == "STARTTLS" && strings.HasPrefix(answer, "220"):
			conn = tls.Server(conn, config)
			lines, mark = bufio.NewReader(conn), "(TLS) "
		}
		for {
			got, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			if line = strings.TrimRight(got, "\r\n"); !inMail || line == "." {
				break
			}
		}
		inMail = false
		p.hear(mark + line)
	}
}

func openScripted(t *testing.T, s script) *scriptedPost {
	t.Helper()
	web := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(web.Close)
	post := &scriptedPost{script: s}
	post.ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(post.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}), 0o644); err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: web.TLS.Certificates}
	post.address = badServer(t, func(conn net.Conn) { post.serve(conn, config) })
	return post
}

// offers is the answer to EHLO.
func offers(extensions ...string) string {
	return "250-post.example.com\r\n250-" + strings.Join(append(extensions, "8BITMIME\r\n250 HELP"), "\r\n250-")
}

// What a server answers decides whether a mail is tried again.
func TestWhatAMailServerAnswers(t *testing.T) {
	type outcome struct {
		says      string // "" where the mail is away
		permanent bool
	}
	inClear := []string{"encryption", "none", "user", "mvrun", "password", "secret:sEcReT pass"}
	plain := offers("AUTH PLAIN LOGIN")
	for name, c := range map[string]struct {
		script   script
		settings []string
		want     outcome
	}{
		"all is well":                {nil, nil, outcome{}},
		"several lines":              {script{"connect": "220-a\r\n220-b\r\n220 c", ".": "250-2.0.0 a\r\n250 2.0.0 b"}, nil, outcome{}},
		"only HELO":                  {script{"EHLO": "502 what", "HELO": "250 so"}, nil, outcome{}},
		"does not want to talk":      {script{"connect": "554 5.7.1 go away"}, nil, outcome{"EHLO: 554 5.7.1 go away", false}},
		"is busy":                    {script{"connect": "421 later"}, nil, outcome{"EHLO: 421 later", false}},
		"closes at once":             {script{"connect": "close"}, nil, outcome{"EHLO: EOF", false}},
		"does not like the name":     {script{"EHLO": "550 5.7.1 who"}, nil, outcome{"EHLO: 550 5.7.1 who", false}},
		"no AUTH":                    {nil, inClear, outcome{"AUTH: the server does not offer PLAIN or LOGIN; it offers none", false}},
		"AUTH of another kind":       {script{"EHLO": offers("AUTH CRAM-MD5 SCRAM-SHA-256")}, inClear, outcome{"AUTH: the server does not offer PLAIN or LOGIN; it offers CRAM-MD5 SCRAM-SHA-256", false}},
		"no PLAIN":                   {script{"EHLO": offers("AUTH LOGIN")}, append(inClear, "auth", "plain"), outcome{"AUTH: the server does not offer PLAIN; it offers LOGIN", false}},
		"no LOGIN":                   {script{"EHLO": offers("AUTH PLAIN")}, append(inClear, "auth", "login"), outcome{"AUTH: the server does not offer LOGIN; it offers PLAIN", false}},
		"none is to log in":          {script{"AUTH": "535 no"}, append(inClear, "auth", "none"), outcome{}},
		"a wrong password":           {script{"EHLO": plain, "AUTH": "535 5.7.8 wrong"}, inClear, outcome{"AUTH: 535 5.7.8 wrong", true}},
		"too weak a way to log in":   {script{"EHLO": plain, "AUTH": "534 5.7.9 too weak"}, inClear, outcome{"AUTH: 534 5.7.9 too weak", true}},
		"cannot check the password":  {script{"EHLO": plain, "AUTH": "454 4.7.0 later"}, inClear, outcome{"AUTH: 454 4.7.0 later", false}},
		"closes after the password":  {script{"EHLO": plain, "AUTH": "close"}, inClear, outcome{"AUTH: EOF", false}},
		"a question after PLAIN":     {script{"EHLO": plain, "AUTH": "334 bW9yZQ=="}, inClear, outcome{"AUTH: sasl: unexpected server challenge", false}},
		"no base64":                  {script{"EHLO": plain, "AUTH": "334 !"}, inClear, outcome{"AUTH: illegal base64 data at input byte 0", false}},
		"repeats the password":       {script{"EHLO": plain, "AUTH": "535 sEcReT pass"}, inClear, outcome{"AUTH: 535 ***", true}},
		"repeats the command":        {script{"EHLO": plain, "AUTH": "535 AG12cnVuAHNFY1JlVCBwYXNz"}, inClear, outcome{"AUTH: 535 ***", true}},
		"a sender it does not want":  {script{"MAIL": "550 5.7.1 no"}, nil, outcome{"MAIL FROM: 550 5.7.1 no", true}},
		"a sender for later":         {script{"MAIL": "451 4.3.0 later"}, nil, outcome{"MAIL FROM: 451 4.3.0 later", false}},
		"a receiver for later":       {script{"RCPT": "450 4.2.0 grey"}, nil, outcome{"alice: RCPT TO: 450 4.2.0 grey; bob: RCPT TO: 450 4.2.0 grey", false}},
		"closes at a receiver":       {script{"RCPT": "close"}, nil, outcome{"alice: RCPT TO: EOF; bob: RCPT TO: EOF", false}},
		"no mail after all":          {script{"DATA": "554 5.5.1 no"}, nil, outcome{"DATA: 554 5.5.1 no", true}},
		"too large":                  {script{".": "552 5.3.4 too\r\n"}, nil, outcome{"DATA: 552 5.3.4 too", true}},
		"a full disk":                {script{".": "452-4.3.1 full\r\n452 4.3.1 wait"}, nil, outcome{"DATA: 452 4.3.1 full wait", false}},
		"closes before the mail":     {script{"DATA": "close"}, nil, outcome{"DATA: EOF", false}},
		"closes after the mail":      {script{".": "close"}, nil, outcome{"DATA: EOF", false}},
		"closes at QUIT":             {script{"QUIT": "close"}, nil, outcome{}},
		"knows no QUIT":              {script{"QUIT": "500 what"}, nil, outcome{}},
		"no answer to QUIT":          {script{"QUIT": ""}, nil, outcome{}},
		"a line without end":         {script{"connect": "220 " + strings.Repeat("x", 5000)}, nil, outcome{"EHLO: smtp: too long a line in input stream", false}},
		"more lines than a few":      {script{"connect": strings.Repeat("220-"+strings.Repeat("x", 1000)+"\r\n", 1100) + "220 x"}, nil, outcome{"EHLO: the server says too much", false}},
		"no number":                  {script{"connect": "hello"}, nil, outcome{`EHLO: short response: "hello"`, false}},
		"no STARTTLS where demanded": {nil, []string{"encryption", "starttls"}, outcome{"TLS: the server does not offer STARTTLS", false}},
		"STARTTLS that fails":        {script{"EHLO": offers("STARTTLS"), "STARTTLS": "454 4.7.0 later"}, nil, outcome{"TLS: 454 4.7.0 later", false}},
		"words behind STARTTLS":      {script{"EHLO": offers("STARTTLS"), "STARTTLS": "220 go on\r\n250 so\r\n250 so"}, nil, outcome{"TLS: more than the answer to STARTTLS came in the clear", false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			post := openScripted(t, c.script)
			begun := time.Now()
			err := mailTo(t, &post.postOffice, append([]string{"timeout", "60s"}, c.settings...)...).Deliver(t.Context(), mailed("m"))
			if took := time.Since(begun); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			if c.want.says == "" {
				if err != nil || !slices.Contains(post.lines(), ".") {
					t.Errorf("%v, heard %q", err, post.lines())
				}
				return
			}
			failure := failureOf(err)
			if failure.Problem != c.want.says || failure.Permanent != c.want.permanent || failure.Unreachable || failure.Unsent {
				t.Errorf("%+v", failure)
			}
		})
	}
}

// Strict relays send away whoever is "localhost", before TLS as well.
func TestMailServersHearTheNameOfTheConfig(t *testing.T) {
	post := openScripted(t, script{"EHLO": offers("STARTTLS")})
	if err := mailTo(t, &post.postOffice, "helo", "job7.example.com").Deliver(t.Context(), mailed("m")); err != nil {
		t.Fatal(err)
	}
	want := []string{"EHLO job7.example.com", "STARTTLS", "(TLS) EHLO job7.example.com", "(TLS) MAIL FROM:<mvrun@example.com> BODY=8BITMIME",
		"(TLS) RCPT TO:<alice@example.com>", "(TLS) RCPT TO:<bob@example.com>", "(TLS) DATA", "(TLS) .", "(TLS) QUIT"}
	if got := post.lines(); !slices.Equal(got, want) {
		t.Errorf("heard %q", got)
	}
}

// LOGIN has prompts of many words, since no standard has it.
func TestLOGINAnswersWhateverItIsAsked(t *testing.T) {
	for _, prompts := range [][2]string{{"VXNlcm5hbWU6", "UGFzc3dvcmQ6"}, {"dXNlcg==", "cGFzcw=="}, {"", ""}} {
		post := openScripted(t, script{"EHLO": offers("AUTH LOGIN"), "AUTH LOGIN": "334 " + prompts[0], "bXZydW4=": "334 " + prompts[1], "c0VjUmVUIHBhc3M=": "235 so"})
		err := mailTo(t, &post.postOffice, "encryption", "none", "user", "mvrun", "password", "secret:sEcReT pass").Deliver(t.Context(), mailed("m"))
		if err != nil || !slices.Contains(post.lines(), ".") {
			t.Errorf("%q: %v, heard %q", prompts, err, post.lines())
		}
	}
	post := openScripted(t, script{"EHLO": offers("AUTH LOGIN"), "AUTH": "334 eA==", "bXZydW4=": "334 eA==", "c0VjUmVUIHBhc3M=": "334 eA=="})
	err := mailTo(t, &post.postOffice, "encryption", "none", "user", "mvrun", "password", "secret:sEcReT pass").Deliver(t.Context(), mailed("m"))
	if failure := failureOf(err); failure.Problem != "AUTH: sasl: unexpected server challenge" || slices.Contains(post.lines(), ".") {
		t.Errorf("%v, heard %q", err, post.lines())
	}
}

func TestHowMailsAreEncrypted(t *testing.T) {
	for _, c := range []struct {
		port     int
		settings []string
		want     string
	}{
		{25, nil, "opportunistic"}, {587, []string{"user", "mvrun"}, "starttls"}, {587, []string{"user", "mvrun", "auth", "none"}, "starttls"}, {465, nil, "tls"},
		{465, []string{"user", "mvrun"}, "tls"}, {465, []string{"encryption", "starttls"}, "starttls"}, {25, []string{"user", "mvrun", "encryption", "none"}, "none"},
	} {
		e := &email{&connection{spec: ChannelSpec{Settings: texts(c.settings...)}}}
		if got := e.encryption(c.port); got != c.want {
			t.Errorf("%d %q: %s", c.port, c.settings, got)
		}
	}
}

// A certificate of nobody is an error even where TLS is only what the server
// offers: a mail in the clear instead is what an attacker wants.
func TestATLSThatIsNotTrustedIsNotUsed(t *testing.T) {
	for name, settings := range map[string][]string{
		"opportunistic": nil, "starttls": {"encryption", "starttls"}, "with a password": {"user", "mvrun", "password", "secret:sEcReT pass"},
	} {
		post := openScripted(t, script{"EHLO": offers("STARTTLS", "AUTH PLAIN")})
		post.ca = ""
		failure := failureOf(mailTo(t, &post.postOffice, settings...).Deliver(t.Context(), mailed("m")))
		if !strings.HasPrefix(failure.Problem, "TLS: tls: failed to verify certificate") || failure.Permanent || failure.Unreachable {
			t.Errorf("%s: %+v", name, failure)
		}
		if got := post.lines(); len(got) != 2 || got[1] != "STARTTLS" {
			t.Errorf("%s: heard %q", name, got)
		}
	}
}

// A server that stops within a mail is left when the time is over.
func TestAMailServerThatStops(t *testing.T) {
	inClear := []string{"encryption", "none", "user", "mvrun", "password", "secret:sEcReT pass"}
	for name, c := range map[string]struct {
		script   script
		settings []string
	}{
		"at EHLO":     {script{"EHLO": ""}, nil},
		"at STARTTLS": {script{"EHLO": offers("STARTTLS"), "STARTTLS": ""}, nil},
		"at once":     {script{"connect": ""}, nil},
		"before TLS":  {script{"connect": ""}, []string{"encryption", "tls"}},
		"at AUTH":     {script{"EHLO": offers("AUTH PLAIN"), "AUTH": ""}, inClear},
		"at MAIL":     {script{"MAIL": ""}, nil},
		"at RCPT":     {script{"RCPT": ""}, nil},
		"at DATA":     {script{"DATA": ""}, nil},
		"at the end":  {script{".": ""}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			post := openScripted(t, c.script)
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			begun := time.Now()
			failure := failureOf(mailTo(t, &post.postOffice, c.settings...).Deliver(ctx, mailed("m")))
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			if failure.Problem != "no answer in time" || !failure.Unreachable || failure.Permanent {
				t.Errorf("%+v", failure)
			}
		})
	}
}

// What a server has said counts, even where it stops after it.
func TestAnAnswerBeforeTheEndCounts(t *testing.T) {
	post := openScripted(t, script{"EHLO": offers("AUTH PLAIN"), "AUTH": "535 no a  secret", "*": ""})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	failure := failureOf(mailTo(t, &post.postOffice, "encryption", "none", "user", "mvrun", "password", "a  secret").Deliver(ctx, mailed("m")))
	if failure.Problem != "AUTH: 535 no ***" || !failure.Permanent || failure.Unreachable {
		t.Errorf("%+v", failure)
	}
}

func TestAMailServerThatDripsIsLeft(t *testing.T) {
	address := badServer(t, func(conn net.Conn) {
		for {
			if _, err := conn.Write([]byte("2")); err != nil {
				return
			}
			<-time.After(5 * time.Millisecond)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	failure := failureOf(mailTo(t, &postOffice{address: address}).Deliver(ctx, mailed("m")))
	if failure.Problem != "no answer in time" || !failure.Unreachable {
		t.Errorf("%+v", failure)
	}
}

// Addresses of other letters than ASCII go to servers that take them (RFC 6531);
// whoever has another is told all the same.
func TestAddressesOfOtherLetters(t *testing.T) {
	d := mailed("m")
	d.To = []Recipient{{"alice", "alice@example.com"}, {"zhang", "张三@例子.example"}, {"odd", `Odd One <"a b> SIZE=1"@example.com>`}}
	post := openScripted(t, script{"EHLO": offers("SMTPUTF8")})
	if err := mailTo(t, &post.postOffice).Deliver(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	want := []string{"MAIL FROM:<mvrun@example.com> BODY=8BITMIME SMTPUTF8", "RCPT TO:<alice@example.com>", "RCPT TO:<张三@例子.example>", `RCPT TO:<"a b> SIZE=1"@example.com>`}
	if got := post.lines(); len(got) < 5 || !slices.Equal(got[1:5], want) {
		t.Errorf("heard %q", got)
	}

	post = openScripted(t, nil)
	failure := failureOf(mailTo(t, &post.postOffice).Deliver(t.Context(), d))
	if !failure.Permanent || !slices.Equal(failure.Reached, []string{"alice", "odd"}) || !strings.HasPrefix(failure.Problem, "zhang: RCPT TO: ") || !strings.Contains(failure.Problem, "SMTPUTF8") {
		t.Errorf("%+v", failure)
	}
	failure = failureOf(mailTo(t, &post.postOffice, "from", "值班@example.com").Deliver(t.Context(), mailed("m")))
	if !failure.Permanent || len(failure.Reached) > 0 || !strings.HasPrefix(failure.Problem, "MAIL FROM: ") || !strings.Contains(failure.Problem, "SMTPUTF8") {
		t.Errorf("%+v", failure)
	}
}

// Whatever a server says, a mail counts as sent only where it was taken.
func FuzzMailServer(f *testing.F) {
	f.Add("220 x\r\n250-x\r\n250 AUTH PLAIN LOGIN\r\n235 so\r\n250 so\r\n250 so\r\n250 so\r\n354 go\r\n250 taken\r\n221 bye\r\n", false)
	f.Add("220 x\r\n250-x\r\n250 AUTH LOGIN\r\n334 eA==\r\n334 eA==\r\n235 so\r\n250 so\r\n452 so\r\n", false)
	f.Add("220 x\r\n250-x\r\n250 STARTTLS\r\n220 go\r\n\x16\x03\x01\x00\x05hello", true)
	f.Add("220-\r\n220\r\n", false)
	f.Add("554 no\r\n", true)
	f.Fuzz(func(t *testing.T, answers string, encrypted bool) {
		settings := texts("smtp", "mail.example.com", "from", "mvrun@example.com", "helo", "x", "user", "mvrun", "password", "sEcReT pass", "encryption", "none")
		if encrypted {
			settings["encryption"] = SettingValue{Text: "starttls"}
		}
		channel, err := NewChannel(ChannelSpec{Name: "mail", Type: "email", Settings: settings}, ChannelOptions{})
		if err != nil {
			t.Fatal(err)
		}
		e := channel.(*email)
		session, err := e.session()
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := net.Pipe()
		heard := make(chan string)
		go func() {
			said, _ := io.ReadAll(theirs)
			heard <- string(said)
		}()
		err = session.converse(t.Context(), &once{ours, strings.NewReader(answers)}, &letter{"mvrun@example.com", []string{"alice@example.com"}, []byte("Subject: x\r\n\r\nm\r\n")})
		ours.Close()
		theirs.Close()
		said := <-heard
		if taken := strings.Contains(said, "\r\nm\r\n.\r\n") && strings.Contains(answers, "354") && strings.Contains(answers, "250"); err == nil && (!taken || encrypted) {
			t.Errorf("is sent: %q to %q", said, answers)
		}
		if encrypted && strings.Contains(said, "AUTH") {
			t.Errorf("logs in without TLS: %q", said)
		}
		if err != nil {
			if text := e.failure(err).Error(); strings.Contains(text, "sEcReT pass") || len(text) > 2*maxSaid {
				t.Errorf("tells %q", text)
			}
		}
	})
}

// once is a connection whose other side has said all that it will.
type once struct {
	net.Conn
	said io.Reader
}

func (o *once) Read(p []byte) (int, error)       { return o.said.Read(p) }
func (o *once) SetDeadline(time.Time) error      { return nil }
func (o *once) SetReadDeadline(time.Time) error  { return nil }
func (o *once) SetWriteDeadline(time.Time) error { return nil }
