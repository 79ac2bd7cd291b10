package notify

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// post office: an SMTP server that keeps what it takes.
type postOffice struct {
	address string
	ca      string // the file of its authority

	mu     sync.Mutex
	logins []string
	mails  []received
	refuse map[string]int // receivers, with the status that refuses them
}

type received struct {
	from string
	to   []string
	data []byte
}

type postSession struct {
	office *postOffice
	mail   received
	ways   []string
	inside bool
}

func (s *postSession) Reset()        { s.mail = received{} }
func (s *postSession) Logout() error { return nil }

func (s *postSession) Mail(from string, _ *smtp.MailOptions) error {
	if len(s.ways) > 0 && !s.inside {
		return smtp.ErrAuthRequired
	}
	s.mail = received{from: from}
	return nil
}

func (s *postSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if status := s.office.refuse[to]; status > 0 {
		return &smtp.SMTPError{Code: status, EnhancedCode: smtp.EnhancedCode{status / 100, 1, 1}, Message: "no such user"}
	}
	s.mail.to = append(s.mail.to, to)
	return nil
}

func (s *postSession) Data(r io.Reader) (err error) {
	s.mail.data, err = io.ReadAll(r)
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	s.office.mails = append(s.office.mails, s.mail)
	return err
}

func (s *postSession) AuthMechanisms() []string { return s.ways }

func (s *postSession) Auth(way string) (sasl.Server, error) {
	check := func(user, password string) error {
		s.office.mu.Lock()
		defer s.office.mu.Unlock()
		s.office.logins = append(s.office.logins, way+" "+user)
		if user != "mvrun" || password != "sEcReT pass" {
			return smtp.ErrAuthFailed
		}
		s.inside = true
		return nil
	}
	if way == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

// loginServer is the other side of LOGIN, which go-sasl does not have.
type loginServer struct {
	check func(user, password string) error
	step  int
	user  string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

// openPost starts a server; tlsWay is tls, starttls or none.
func openPost(t *testing.T, tlsWay string, ways ...string) *postOffice {
	t.Helper()
	office := &postOffice{refuse: map[string]int{}}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &postSession{office: office, ways: ways}, nil
	}))
	server.Domain, server.AllowInsecureAuth, server.ErrorLog = "post.example.com", true, discardLog()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	office.address = listener.Addr().String()
	if tlsWay != "none" {
		web := httptest.NewTLSServer(nil) // for its certificate
		t.Cleanup(web.Close)
		config := &tls.Config{Certificates: web.TLS.Certificates}
		office.ca = filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(office.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}), 0o644); err != nil {
			t.Fatal(err)
		}
		if tlsWay == "tls" {
			listener = tls.NewListener(listener, config)
		} else {
			server.TLSConfig = config
		}
	}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return office
}

func mailTo(t *testing.T, office *postOffice, pairs ...string) Channel {
	t.Helper()
	settings := texts(append([]string{"smtp", office.address, "from", "mvrun@example.com", "timeout", "10s"}, pairs...)...)
	if office.ca != "" {
		settings["ca_file"] = SettingValue{Text: office.ca}
	}
	channel, err := NewChannel(ChannelSpec{Name: "mail", Type: "email", Settings: settings}, ChannelOptions{Secret: secretOf})
	if err != nil {
		t.Fatal(err)
	}
	return channel
}

func mailed(message string) *Delivery {
	d := deliveryOf(message)
	d.To = []Recipient{{"alice", "alice@example.com"}, {"bob", "bob@example.com"}}
	return d
}

// parts reads a mail as a mail program does.
func parts(t *testing.T, data []byte) (header mail.Header, text, markup string) {
	t.Helper()
	message, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%v in %q", err, data)
	}
	_, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	reader := multipart.NewReader(message.Body, parameters["boundary"])
	for {
		part, err := reader.NextRawPart()
		if err == io.EOF {
			return message.Header, text, markup
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil || part.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Fatalf("%v in %v", err, part.Header)
		}
		content := strings.ReplaceAll(string(body), "\r\n", "\n")
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			markup = content
		} else {
			text = content
		}
	}
}

func TestMailOverEveryWay(t *testing.T) {
	for name, c := range map[string]struct {
		tls      string
		ways     []string
		settings []string
		login    string
	}{
		"relay":                           {"none", nil, nil, ""},
		"a relay that can do TLS":         {"starttls", nil, nil, ""},
		"STARTTLS, PLAIN":                 {"starttls", []string{"PLAIN", "LOGIN"}, []string{"user", "mvrun", "password", "secret:sEcReT pass"}, "PLAIN mvrun"},
		"STARTTLS, LOGIN alone":           {"starttls", []string{"LOGIN"}, []string{"user", "mvrun", "password", "secret:sEcReT pass"}, "LOGIN mvrun"},
		"TLS, PLAIN":                      {"tls", []string{"PLAIN"}, []string{"encryption", "tls", "user", "mvrun", "password", "secret:sEcReT pass"}, "PLAIN mvrun"},
		"TLS, LOGIN, as the config has":   {"tls", []string{"PLAIN", "LOGIN"}, []string{"encryption", "tls", "auth", "login", "user", "mvrun", "password", "secret:sEcReT pass"}, "LOGIN mvrun"},
		"in the clear, as the config has": {"none", []string{"PLAIN"}, []string{"encryption", "none", "auth", "plain", "user", "mvrun", "password", "secret:sEcReT pass"}, "PLAIN mvrun"},
	} {
		t.Run(name, func(t *testing.T) {
			office := openPost(t, c.tls, c.ways...)
			if err := mailTo(t, office, c.settings...).Deliver(t.Context(), mailed("磁盘 97%")); err != nil {
				t.Fatal(err)
			}
			if len(office.mails) != 1 || !slices.Equal(office.mails[0].to, []string{"alice@example.com", "bob@example.com"}) || office.mails[0].from != "mvrun@example.com" {
				t.Fatalf("mails %+v", office.mails)
			}
			if got := strings.Join(office.logins, ", "); got != c.login {
				t.Errorf("logins %q", got)
			}
		})
	}
}

func TestAPasswordIsNotSentInTheClear(t *testing.T) {
	office := openPost(t, "none", "PLAIN", "LOGIN")
	err := mailTo(t, office, "user", "mvrun", "password", "secret:sEcReT pass").Deliver(t.Context(), mailed("m"))
	if err == nil || len(office.logins) != 0 || len(office.mails) != 0 {
		t.Errorf("%v, logins %q", err, office.logins)
	}
}

func TestAMail(t *testing.T) {
	office := openPost(t, "none")
	d := mailed("n232 is <b>down</b> & out\n  a trace\n.\n磁盘 97%")
	d.Alarm.Title = "节点失联\r\nX-Injected: 1\r\n\r\nbody & <i>"
	d.Note = "(for carol, who has no address on mail)"
	if err := mailTo(t, office).Deliver(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	header, text, markup := parts(t, office.mails[0].data)
	subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
	if err != nil || subject != "节点失联 X-Injected: 1 body & <i>" || header.Get("X-Injected") != "" {
		t.Errorf("subject %q, %v", subject, err)
	}
	if header.Get("Message-ID") != "<"+d.Alarm.ID+"@example.com>" || header.Get("Auto-Submitted") != "auto-generated" || header.Get("Date") == "" {
		t.Errorf("headers %v", header)
	}
	if to, err := header.AddressList("To"); err != nil || len(to) != 2 || to[1].Address != "bob@example.com" {
		t.Errorf("to %v, %v", to, err)
	}
	if !strings.HasPrefix(text, d.Alarm.Message+"\n\n"+d.Note+"\n\n-- \nItem: LSF/nodes\n") || !strings.Contains(text, "Run: run1\n") {
		t.Errorf("text %q", text)
	}
	for _, want := range []string{"n232 is &lt;b&gt;down&lt;/b&gt; &amp; out\n  a trace\n.\n磁盘 97%", "body &amp; &lt;i&gt;", "<td style=\"overflow-wrap:anywhere\">LSF/nodes</td>"} {
		if !strings.Contains(markup, want) {
			t.Errorf("the HTML part lacks %q: %s", want, markup)
		}
	}
}

func TestHostileMailsArriveLiterally(t *testing.T) {
	office := openPost(t, "none")
	channel := mailTo(t, office)
	for _, message := range append(hostile(), strings.Repeat("y", 200_000)) {
		d := mailed(message)
		d.Alarm.Title = message
		if err := channel.Deliver(t.Context(), d); err != nil {
			t.Errorf("%.60q: %v", message, err)
			continue
		}
		header, text, _ := parts(t, office.mails[len(office.mails)-1].data)
		if got := strings.ReplaceAll(message, "\r\n", "\n"); !strings.HasPrefix(text, got+"\n") {
			t.Errorf("%.60q arrived as %.80q", message, text)
		}
		for key := range header {
			if !slices.Contains([]string{"From", "To", "Subject", "Date", "Message-Id", "Auto-Submitted", "X-Mvrun-Item", "Mime-Version", "Content-Type", "User-Agent", "X-Mailer"}, key) {
				t.Errorf("%.60q made the header %s: %s", message, key, header.Get(key))
			}
		}
	}
}

func TestAReceiverWhoIsRefusedDoesNotKeepTheOthersFromBeingTold(t *testing.T) {
	office := openPost(t, "none")
	office.refuse["bob@example.com"] = 550
	err := mailTo(t, office).Deliver(t.Context(), mailed("m"))
	failure, ok := errors.AsType[*DeliveryError](err)
	if !ok || !failure.Permanent || !slices.Equal(failure.Reached, []string{"alice"}) || !strings.HasPrefix(failure.Problem, "bob: ") {
		t.Errorf("%+v", err)
	}
	if len(office.mails) != 1 || !slices.Equal(office.mails[0].to, []string{"alice@example.com"}) {
		t.Errorf("mails %+v", office.mails)
	}
	office.refuse = map[string]int{"alice@example.com": 451, "bob@example.com": 451}
	if err := mailTo(t, office).Deliver(t.Context(), mailed("m")); err == nil || failureOf(err).Permanent {
		t.Errorf("for now only: %+v", err)
	}
}

func TestAReceiverWithoutARealAddressDoesNotKeepTheOthersFromBeingTold(t *testing.T) {
	office := openPost(t, "none")
	d := mailed("m")
	d.To = []Recipient{{"alice", "alice@example.com"}, {"typo", "typo@@example.com"}, {"bob", "bob@example.com"}}
	failure := failureOf(mailTo(t, office).Deliver(t.Context(), d))
	if !failure.Permanent || !slices.Equal(failure.Reached, []string{"alice", "bob"}) || !strings.Contains(failure.Problem, "typo") || len(office.mails) != 2 {
		t.Errorf("%d mails, %+v", len(office.mails), failure)
	}
	// What a job has written is resolved to the admin, as for anybody else without
	// an address.
	spec := ChannelSpec{Name: "mail", Type: "email", Settings: texts("domain", "example.com")}
	for _, name := range []string{"typo@", "@", "a@b@c", "x,y", "(x", "typo@exa mple"} {
		if address, ok := AddressOf(spec, name); ok {
			t.Errorf("%q becomes the address %q", name, address)
		}
	}
}

func TestAWrongPasswordIsAFailureForGood(t *testing.T) {
	office := openPost(t, "starttls", "PLAIN", "LOGIN")
	for _, how := range []string{"plain", "login", "auto"} {
		err := mailTo(t, office, "user", "mvrun", "password", "secret:wr0ng-pass", "auth", how).Deliver(t.Context(), mailed("m"))
		if failure := failureOf(err); err == nil || !failure.Permanent || failure.Unreachable || strings.Contains(err.Error(), "wr0ng-pass") {
			t.Errorf("%s: %+v", how, err)
		}
	}
	if len(office.mails) != 0 {
		t.Error("mailed")
	}
}

func TestAServerOfAnotherAuthorityIsNotTrusted(t *testing.T) {
	office := openPost(t, "tls")
	office.ca = ""
	if err := mailTo(t, office, "encryption", "tls").Deliver(t.Context(), mailed("m")); err == nil || len(office.mails) != 0 {
		t.Errorf("%v", err)
	}
	office = openPost(t, "none")
	if err := mailTo(t, office, "encryption", "starttls").Deliver(t.Context(), mailed("m")); err == nil || len(office.mails) != 0 {
		t.Errorf("without the TLS that the config demands: %v", err)
	}
}

func TestNobodyToMail(t *testing.T) {
	d := mailed("m")
	d.To = nil
	if err := mailTo(t, openPost(t, "none")).Deliver(t.Context(), d); err == nil || !failureOf(err).Permanent {
		t.Errorf("%v", err)
	}
}
