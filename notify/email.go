package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"os"
	"slices"
	"strconv"
	"strings"
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
	if !isMailAddress(v.Text) {
		return "is no mail address", "write one such as mvrun@example.com"
	}
	return "", ""
}

// maxAddress bounds a mail address with its name, so that it fits on a line of a
// header. RFC 5321, 4.5.3.1.3, gives an address itself half of that.
const maxAddress = 512 // bytes

// mailAddress reads one address, with or without a name.
func mailAddress(text string) (*mail.Address, error) {
	if len(text) > maxAddress {
		return nil, fmt.Errorf("is longer than %d bytes", maxAddress)
	}
	return mail.ParseAddress(text)
}

// isMailAddress reports whether a mail can be addressed to a text at all.
func isMailAddress(text string) bool {
	_, err := mailAddress(text)
	return err == nil
}

// Deliver sends one mail to all. Where one of them has no address that is one, or
// the server refuses some, each gets a mail of his own, so that the others are
// told.
func (e *email) Deliver(ctx context.Context, d *Delivery) error {
	if len(d.To) == 0 {
		return errNobody(d)
	}
	if len(d.To) == 1 || !slices.ContainsFunc(d.To, func(to Recipient) bool { return !isMailAddress(to.Address) }) {
		err := e.send(ctx, d, d.To)
		if stepOf(err) != stepTo || len(d.To) == 1 {
			return e.failure(err)
		}
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
	// Scrubbed as it came, too: a secret with two blanks is another on one line.
	failure := &DeliveryError{Problem: e.said([]byte(e.scrub(err.Error())))}
	var network net.Error
	switch code := replyCode(err); stepOf(err) {
	case stepFrom, stepTo, stepData:
		failure.Permanent = code/100 == 5 || errors.Is(err, errNoUTF8)
	default: // what a server says of itself may be over soon; a wrong password stays wrong
		failure.Permanent = code == 535 || code == 534
		failure.Unreachable = code == 0 && (errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded))
	}
	return failure
}

// send sends one mail.
func (e *email) send(ctx context.Context, d *Delivery, to []Recipient) error {
	letter, err := e.letter(d, to)
	if err != nil {
		return err
	}
	if err := e.turn(ctx); err != nil {
		return err
	}
	session, err := e.session()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout())
	defer cancel()
	err = session.post(ctx, letter)
	if err != nil && ctx.Err() != nil && replyCode(err) == 0 {
		return &DeliveryError{Problem: "no answer in time", Unreachable: true}
	}
	return err
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
