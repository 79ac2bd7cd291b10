package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"
)

// email sends by an SMTP server (RFC 5321, 3207, 4954 and 8314).
type email struct{ *connection }

func newEmail(c *connection) Channel { return &email{c} }

func emailSettings() []setting {
	return []setting{
		{"smtp", true, checkServer}, {"encryption", false, oneOf("starttls", "tls", "none")},
		{"auth", false, oneOf("auto", "plain", "login", "none")}, optional("user"), optional("password"),
		{"from", false, checkMailAddress}, optional("domain"), optional("helo"), {"ca_file", false, checkPath},
		{"timeout", false, checkTimeout}, {"rate", false, checkRate}, {"max_bytes", false, checkSize},
	}
}

func oneOf(words ...string) func(SettingValue) (problem, hint string) {
	return func(v SettingValue) (string, string) {
		for _, word := range words {
			if v.Text == word {
				return "", ""
			}
		}
		return "is not one of its words", "use " + strings.Join(words, ", ")
	}
}

func checkServer(v SettingValue) (problem, hint string) {
	if _, _, err := splitServer(v.Text); err != nil || strings.Contains(v.Text, "/") {
		return "is no server", "write host or host:port, such as smtp.example.com:587"
	}
	return "", ""
}

// splitServer reads host:port; the port of a relay is 25.
func splitServer(text string) (host string, port int, err error) {
	host, portText, err := net.SplitHostPort(text)
	if err != nil {
		host, portText = text, "25"
	}
	number, err := strconv.ParseUint(portText, 10, 16)
	if err == nil && (host == "" || number == 0 || strings.ContainsAny(host, " \t")) {
		err = errors.New("no server")
	}
	return host, int(number), err
}

func checkMailAddress(v SettingValue) (problem, hint string) {
	if err := mail.NewMsg().From(v.Text); err != nil {
		return "is no mail address", "write one such as mvrun@example.com"
	}
	return "", ""
}

// Deliver sends one mail to all. Where the server refuses some of them, each gets
// a mail of his own, so that the others are told.
func (e *email) Deliver(ctx context.Context, d *Delivery) error {
	if len(d.To) == 0 {
		return errNobody(d)
	}
	err := e.send(ctx, d, d.To)
	refused, ok := errors.AsType[*mail.SendError](err)
	if !ok || refused.Reason != mail.ErrSMTPRcptTo || len(d.To) == 1 {
		return e.failure(err)
	}
	var all partial
	for _, to := range d.To {
		all.add(to.Name, e.failure(e.send(ctx, d, []Recipient{to})))
	}
	return all.error()
}

// failure says why a mail was not sent.
func (e *email) failure(err error) error {
	if err == nil {
		return nil
	}
	if failure, ok := errors.AsType[*DeliveryError](err); ok {
		return failure
	}
	failure := &DeliveryError{Problem: e.scrub(cut(validText(err.Error()), maxSaid))}
	var network net.Error
	text := err.Error()
	switch sent, ok := errors.AsType[*mail.SendError](err); {
	case ok && sent.ErrorCode() != 0:
		failure.Permanent = sent.ErrorCode()/100 == 5
	case strings.Contains(text, "535 ") || strings.Contains(text, "534 "): // what go-mail gives for AUTH has no code
		failure.Permanent = true
	case errors.As(err, &network), errors.Is(err, context.DeadlineExceeded):
		failure.Unreachable = true
	}
	return failure
}

// send sends one mail.
func (e *email) send(ctx context.Context, d *Delivery, to []Recipient) error {
	if err := e.turn(ctx); err != nil {
		return err
	}
	message, err := e.message(d, to)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout())
	defer cancel()
	client, err := e.client(ctx)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, message)
	if err != nil && ctx.Err() != nil {
		return &DeliveryError{Problem: "no answer in time", Unreachable: true}
	}
	if message.IsDelivered() {
		return nil // it only did not say goodbye
	}
	return err
}

// client is made for one mail. The end of ctx closes its connection, whatever
// the server does meanwhile.
func (e *email) client(ctx context.Context) (*mail.Client, error) {
	host, port, err := splitServer(e.spec.text("smtp", ""))
	if err != nil {
		return nil, err
	}
	config, err := e.tls()
	if err != nil {
		return nil, err
	}
	config.ServerName = host
	encryption := e.encryption(port)
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		var conn net.Conn
		var err error
		if encryption == "tls" {
			conn, err = (&tls.Dialer{Config: config}).DialContext(ctx, network, address)
		} else {
			conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		}
		return conn, err
	}
	guarded := func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(dialing, network, address)
		if err == nil {
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}
	options := []mail.Option{
		mail.WithPort(port), mail.WithTLSConfig(config), mail.WithTimeout(e.timeout()), mail.WithDialContextFunc(guarded),
		mail.WithHELO(e.spec.text("helo", helloName())),
	}
	switch encryption {
	case "tls":
		options = append(options, mail.WithSSL())
	case "starttls":
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	case "none":
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	}
	login, err := e.login(encryption)
	if err != nil {
		return nil, err
	}
	return mail.NewClient(host, append(options, login...)...)
}

// encryption is what the config says, else what the port means: 465 is TLS from
// the start. A password is never sent in the clear unless the config says so; a
// relay without one may do as it can.
func (e *email) encryption(port int) string {
	otherwise := "opportunistic"
	switch {
	case port == 465:
		otherwise = "tls"
	case e.spec.text("user", "") != "":
		otherwise = "starttls"
	}
	return e.spec.text("encryption", otherwise)
}

// login gives the options of the authentication.
func (e *email) login(encryption string) ([]mail.Option, error) {
	user, how := e.spec.text("user", ""), e.spec.text("auth", "auto")
	if user == "" || how == "none" {
		return nil, nil
	}
	user, err := e.secret("user")
	if err != nil {
		return nil, err
	}
	password, err := e.secret("password")
	if err != nil {
		return nil, err
	}
	ways := []mail.SMTPAuthType{mail.SMTPAuthPlain, mail.SMTPAuthLogin}
	if encryption == "none" {
		ways = []mail.SMTPAuthType{mail.SMTPAuthPlainNoEnc, mail.SMTPAuthLoginNoEnc}
	}
	options := []mail.Option{mail.WithUsername(user), mail.WithPassword(password)}
	switch how {
	case "plain":
		return append(options, mail.WithSMTPAuth(ways[0])), nil
	case "login":
		return append(options, mail.WithSMTPAuth(ways[1])), nil
	}
	return append(options, mail.WithOpportunisticSMTPAuth(ways...)), nil
}

func helloName() string {
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "localhost"
}

// sender is who the mail is from.
func (e *email) sender() string {
	return e.spec.text("from", fmt.Sprintf("mvrun@%s", helloName()))
}
