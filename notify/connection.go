package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mvrun/mvrun/record"
)

// connection is what the channels have in common: settings and secrets, the
// rate, and requests over HTTP.
type connection struct {
	spec    ChannelSpec
	options ChannelOptions
	rate    rate // the vendor's

	once    sync.Once
	limiter *limiter

	mu      sync.Mutex
	secrets []string // that were read, to be kept out of texts
}

const (
	defaultTimeout = 10 * time.Second
	maxAnswer      = 64 << 10
	maxSaid        = 300 // bytes of an answer that are told
)

func (c *connection) timeout() time.Duration {
	if d, err := time.ParseDuration(c.spec.text("timeout", "")); err == nil && d > 0 {
		return d
	}
	return defaultTimeout
}

// secret gives the value of a setting that may be kept elsewhere.
func (c *connection) secret(key string) (string, error) {
	return c.secretOf(c.spec.text(key, ""))
}

func (c *connection) secretOf(text string) (string, error) {
	if c.options.Secret != nil {
		value, err := c.options.Secret(text)
		if err != nil {
			return "", &DeliveryError{Problem: err.Error(), Permanent: true}
		}
		text = value
	}
	c.keepSecret(text)
	return text, nil
}

// keepSecret sees to it that a text is not told.
func (c *connection) keepSecret(text string) {
	const short = 4 // would hide half of every message
	if len(text) < short {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, known := range c.secrets {
		if known == text {
			return
		}
	}
	c.secrets = append(c.secrets, text)
	if escaped := url.QueryEscape(text); escaped != text {
		c.secrets = append(c.secrets, escaped)
	}
}

// scrub takes secrets out of a text that comes from elsewhere.
func (c *connection) scrub(text string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, secret := range c.secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}

// turn waits until the rate lets one more go. A long wait is left to others.
func (c *connection) turn(ctx context.Context) error {
	c.once.Do(c.makeLimiter)
	wait := c.limiter.reserve(maxShortWait)
	if wait > maxShortWait {
		return &DeliveryError{Problem: fmt.Sprintf("its rate is used up for %v", wait.Round(time.Second)), Unsent: true, Wait: wait}
	}
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return &DeliveryError{Problem: "there was no time to wait for its rate", Unsent: true, Wait: wait}
	}
}

func (c *connection) makeLimiter() {
	bounds := c.rate
	if own, err := parseRate(c.spec.text("rate", "")); err == nil {
		bounds = own
	}
	id := c.spec.Type
	for _, key := range [...]string{"base_url", "url", "key", "token", "corpid", "agentid", "smtp"} {
		id += "\n" + c.spec.text(key, "")
	}
	c.limiter = &limiter{rate: bounds, name: record.MD5("channel", id)[:sameDigits], state: c.options.State, now: c.options.Now}
}

// request is what is sent to a server.
type request struct {
	method, url string
	contentType string
	header      [][2]string
	body        []byte
}

// reply is what came back.
type reply struct {
	status     int
	retryAfter time.Duration
	body       []byte
}

// post sends a request and reads the answer.
func (c *connection) post(ctx context.Context, r request) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	client, err := c.client()
	if err != nil {
		return reply{}, err
	}
	defer client.CloseIdleConnections()
	message, err := http.NewRequestWithContext(ctx, r.method, r.url, bytes.NewReader(r.body))
	if err != nil {
		return reply{}, &DeliveryError{Problem: "its URL is none", Permanent: true} // err repeats the URL
	}
	message.Header.Set("User-Agent", "mvrun")
	if r.contentType != "" {
		message.Header.Set("Content-Type", r.contentType)
	}
	for _, pair := range r.header {
		message.Header.Set(pair[0], pair[1])
	}
	response, err := client.Do(message)
	if err != nil {
		return reply{}, c.unreachable(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return reply{}, c.unreachable(err)
	}
	return reply{response.StatusCode, retryAfter(response.Header.Get("Retry-After"), c.options.Now()), body}, nil
}

// client follows no redirect: an alarm is for the server of the config alone.
func (c *connection) client() (*http.Client, error) {
	config, err := c.tls()
	if err != nil {
		return nil, err
	}
	proxy, err := c.proxy()
	if err != nil {
		return nil, err
	}
	return &http.Client{
		Transport:     &http.Transport{Proxy: proxy, TLSClientConfig: config, DisableKeepAlives: true, MaxResponseHeaderBytes: maxAnswer},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// proxy says by which proxy a request goes; nil means by none.
func (c *connection) proxy() (func(*http.Request) (*url.URL, error), error) {
	text := c.spec.text("proxy", "")
	switch text {
	case "":
		return http.ProxyFromEnvironment, nil
	case "none":
		return nil, nil
	}
	text, err := c.secretOf(text)
	if err != nil {
		return nil, err
	}
	parsed, err := url.Parse(text)
	if err != nil {
		return nil, &DeliveryError{Problem: "its proxy is no URL", Permanent: true}
	}
	return http.ProxyURL(parsed), nil
}

// tls trusts the system's authorities, and those of ca_file.
func (c *connection) tls() (*tls.Config, error) {
	path := c.spec.text("ca_file", "")
	if path == "" {
		return &tls.Config{MinVersion: tls.VersionTLS12}, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &DeliveryError{Problem: fmt.Sprintf("ca_file: %v", err)}
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(data) {
		return nil, &DeliveryError{Problem: fmt.Sprintf("ca_file %s holds no certificate", path)}
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, nil
}

// unreachable says why there is no answer, without the URL, which may hold a
// key.
func (c *connection) unreachable(err error) error {
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	problem := err.Error()
	var timeout net.Error
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		problem = "no answer in time"
	case errors.Is(err, context.Canceled):
		problem = "was stopped, since the run had ended"
	case errors.As(err, &unknown):
		problem += " (ca_file names a private authority)"
	}
	return &DeliveryError{Problem: c.scrub(problem), Unreachable: !errors.Is(err, context.Canceled)}
}

// retryAfter reads seconds or a date (RFC 9110, 10.2.3).
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}

// judgeStatus judges an answer by its status alone; nil means that nothing
// speaks against it.
func (c *connection) judgeStatus(a reply) *DeliveryError {
	if a.status/100 == 2 {
		return nil
	}
	failure := &DeliveryError{Problem: fmt.Sprintf("status %d", a.status), Wait: a.retryAfter}
	switch {
	case a.status/100 == 3:
		failure.Problem += ": it wants to redirect; give the final URL"
		failure.Permanent = true
	case a.status == http.StatusTooManyRequests:
		c.block(max(a.retryAfter, time.Second))
	case a.status/100 == 4 && a.status != http.StatusRequestTimeout && a.status != http.StatusTooEarly:
		failure.Permanent = true
	}
	if said := c.said(a.body); said != "" {
		failure.Problem += ": " + said
	}
	return failure
}

// said is what of an answer is told.
func (c *connection) said(body []byte) string {
	return cut(c.scrub(strings.Join(strings.Fields(validText(string(body))), " ")), maxSaid)
}

func (c *connection) block(d time.Duration) {
	c.once.Do(c.makeLimiter)
	c.limiter.block(d)
}
