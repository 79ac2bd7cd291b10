package notify

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const (
	maxConversation = 1 << 20     // bytes that a server may say while it takes one mail
	farewell        = time.Second // for the answer to QUIT, when the mail is away
)

// The steps of sending a mail that a server may refuse.
const (
	stepHello = "EHLO"
	stepTLS   = "TLS"
	stepAuth  = "AUTH"
	stepFrom  = "MAIL FROM"
	stepTo    = "RCPT TO"
	stepData  = "DATA"
)

// stepError is a step that failed.
type stepError struct {
	step string
	err  error
}

func (s *stepError) Unwrap() error { return s.err }

func (s *stepError) Error() string {
	text := s.err.Error()
	if reply, ok := s.err.(*smtp.SMTPError); ok {
		text = strconv.Itoa(reply.Code)
		if code := reply.EnhancedCode; code != smtp.EnhancedCodeNotSet {
			text += fmt.Sprintf(" %d.%d.%d", code[0], code[1], code[2])
		}
		text += " " + reply.Message
	}
	return s.step + ": " + text
}

// stepOf is the step that an error is of; "" for one before the first.
func stepOf(err error) string {
	if failed, ok := errors.AsType[*stepError](err); ok {
		return failed.step
	}
	return ""
}

// replyCode is the code with which the server refused; 0 where it did not.
func replyCode(err error) int {
	if reply, ok := errors.AsType[*smtp.SMTPError](err); ok {
		return reply.Code
	}
	return 0
}

var errNoUTF8 = errors.New("an address with other letters than those of ASCII needs SMTPUTF8, which the server does not offer")

// session is what a conversation with the server needs to know.
type session struct {
	*email
	host           string
	port           int
	config         *tls.Config
	login          bool
	user, password string // of the login
}

func (e *email) session() (*session, error) {
	s := &session{email: e}
	var err error
	if s.host, s.port, err = splitServer(e.spec.text("smtp", "")); err != nil {
		return nil, err
	}
	if s.config, err = e.tls(); err != nil {
		return nil, err
	}
	s.config.ServerName = s.host
	if e.spec.text("user", "") == "" || e.spec.text("auth", "") == "none" {
		return s, nil
	}
	s.login = true
	if s.user, err = e.secret("user"); err != nil {
		return nil, err
	}
	if s.password, err = e.secret("password"); err != nil {
		return nil, err
	}
	for _, said := range [...]string{s.user, s.password, "\x00" + s.user + "\x00" + s.password} { // a server may repeat what it was told
		e.keepSecret(base64.StdEncoding.EncodeToString([]byte(said)))
	}
	return s, nil
}

// post brings a letter to the server. The end of ctx closes the connection,
// whatever the server does meanwhile.
func (s *session) post(ctx context.Context, l *letter) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(s.host, strconv.Itoa(s.port)))
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	return s.converse(ctx, conn, l)
}

func (s *session) converse(ctx context.Context, conn net.Conn, l *letter) error {
	client, err := s.greet(ctx, conn)
	if err != nil {
		return err
	}
	if s.login {
		if err := s.logIn(client); err != nil {
			return &stepError{stepAuth, err}
		}
	}
	err = l.give(client)
	client.CommandTimeout = farewell
	_ = client.Quit() // what it has taken, it has
	return err
}

// greet opens the conversation, encrypted as it is to be: "opportunistic" is as
// the server can, and a certificate that is not valid is an error there, too.
func (s *session) greet(ctx context.Context, conn net.Conn) (*smtp.Client, error) {
	conn = &hearing{conn, maxConversation}
	encryption := s.encryption(s.port)
	if encryption == "tls" {
		secured, err := secure(ctx, conn, s.config)
		if err != nil {
			return nil, &stepError{stepTLS, err}
		}
		return s.hello(secured)
	}
	client, err := s.hello(conn)
	if err != nil || encryption == "none" {
		return client, err
	}
	switch offered, _ := client.Extension("STARTTLS"); {
	case offered:
		secured, err := startTLS(ctx, conn, s.config)
		if err != nil {
			return nil, &stepError{stepTLS, err}
		}
		return s.hello(secured)
	case encryption == "starttls":
		return nil, &stepError{stepTLS, errors.New("the server does not offer STARTTLS")}
	}
	return client, nil
}

func (s *session) hello(conn net.Conn) (*smtp.Client, error) {
	client := smtp.NewClient(conn)
	client.CommandTimeout, client.SubmissionTimeout = s.timeout(), s.timeout()
	if err := client.Hello(s.spec.text("helo", helloName())); err != nil {
		return nil, &stepError{stepHello, err}
	}
	return client, nil
}

func secure(ctx context.Context, conn net.Conn, config *tls.Config) (net.Conn, error) {
	secured := tls.Client(conn, config)
	return secured, secured.HandshakeContext(ctx)
}

// startTLS turns a conversation over to TLS (RFC 3207), and gives it as one in
// which only the greeting was said. It is not go-smtp's, which can only be
// "localhost" before it, and that is sent away by strict relays.
func startTLS(ctx context.Context, conn net.Conn, config *tls.Config) (net.Conn, error) {
	text := textproto.NewConn(conn)
	if err := text.PrintfLine("STARTTLS"); err != nil {
		return nil, err
	}
	_, _, err := text.ReadResponse(220)
	if reply, ok := err.(*textproto.Error); ok {
		err = &smtp.SMTPError{Code: reply.Code, Message: reply.Msg}
	}
	if err != nil {
		return nil, err
	}
	if text.R.Buffered() > 0 { // somebody on the way may want it to be taken for encrypted
		return nil, errors.New("more than the answer to STARTTLS came in the clear")
	}
	secured, err := secure(ctx, conn, config)
	if err != nil {
		return nil, err
	}
	return &greeted{secured, io.MultiReader(strings.NewReader("220 \r\n"), secured)}, nil
}

// greeted is a connection that reads as if the greeting came only now.
type greeted struct {
	net.Conn
	from io.Reader
}

func (g *greeted) Read(p []byte) (int, error) { return g.from.Read(p) }

// hearing is a connection with an end to what the other side may say.
type hearing struct {
	net.Conn
	left int // bytes
}

func (h *hearing) Read(p []byte) (int, error) {
	if h.left <= 0 {
		return 0, errors.New("the server says too much")
	}
	n, err := h.Conn.Read(p[:min(len(p), h.left)])
	h.left -= n
	return n, err
}

// logIn takes PLAIN before LOGIN, of what the server offers and the config
// allows.
func (s *session) logIn(client *smtp.Client) error {
	how := s.spec.text("auth", "auto")
	switch {
	case how != "login" && client.SupportsAuth(sasl.Plain):
		return client.Auth(sasl.NewPlainClient("", s.user, s.password))
	case how != "plain" && client.SupportsAuth(sasl.Login):
		return client.Auth(&loginClient{[]string{s.user, s.password}})
	}
	wanted := strings.ToUpper(how)
	if how == "auto" {
		wanted = "PLAIN or LOGIN"
	}
	_, offered := client.Extension("AUTH")
	if offered == "" {
		offered = "none"
	}
	return fmt.Errorf("the server does not offer %s; it offers %s", wanted, offered)
}

// loginClient speaks LOGIN. It is not go-sasl's, which says the user before it is
// asked, and answers to nothing but "Password:" in these very letters.
type loginClient struct{ answers []string }

func (l *loginClient) Start() (mechanism string, first []byte, err error) {
	return sasl.Login, nil, nil
}

func (l *loginClient) Next([]byte) ([]byte, error) {
	if len(l.answers) == 0 {
		return nil, sasl.ErrUnexpectedServerChallenge
	}
	answer := l.answers[0]
	l.answers = l.answers[1:]
	return []byte(answer), nil
}

// give has the server take the letter.
func (l *letter) give(client *smtp.Client) error {
	offered, _ := client.Extension("SMTPUTF8")
	options := &smtp.MailOptions{UTF8: needsUTF8(l.from)}
	if options.UTF8 && !offered {
		return &stepError{stepFrom, errNoUTF8}
	}
	for _, to := range l.to {
		if needsUTF8(to) && !offered {
			return &stepError{stepTo, errNoUTF8}
		}
		options.UTF8 = options.UTF8 || needsUTF8(to)
	}
	if err := client.Mail(l.from, options); err != nil {
		return &stepError{stepFrom, err}
	}
	for _, to := range l.to {
		if err := client.Rcpt(to, nil); err != nil {
			return &stepError{stepTo, err}
		}
	}
	data, err := client.Data()
	if err == nil {
		_, err = data.Write(l.data)
	}
	if err == nil {
		err = data.Close()
	}
	if err != nil {
		return &stepError{stepData, err}
	}
	return nil
}

// needsUTF8 reports whether an address is more than ASCII (RFC 6531).
func needsUTF8(address string) bool {
	return strings.ContainsFunc(address, func(r rune) bool { return r > 0x7e })
}
