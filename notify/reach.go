package notify

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Reach connects to the server of a channel, without a request: whether it takes
// alarms is another question, which only a test alarm answers. A proxy is what is
// connected to, where there is one. Errors hold no secret.
func Reach(ctx context.Context, spec ChannelSpec, o ChannelOptions) error {
	c := &connection{spec: spec, options: o}
	address, err := c.serverAddress()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return c.unreachable(err)
	}
	return conn.Close()
}

// base is the beginning of a vendor's addresses, without a slash at its end.
func (c *connection) base() (string, error) {
	base := c.spec.text("base_url", "")
	if base == "" {
		return vendorBase(c.spec.Type), nil
	}
	base, err := c.secretOf(base)
	return strings.TrimRight(base, "/"), err
}

// account is the secret of a setting by which a vendor knows the channel, and the
// base of the addresses that it is a part of.
func (c *connection) account(key string) (secret, base string, err error) {
	if secret, err = c.secret(key); err == nil {
		base, err = c.base()
	}
	return secret, base, err
}

// based is a whole address with base_url, where that is set, in the place of its
// scheme and host.
func (c *connection) based(address string) (string, error) {
	if c.spec.text("base_url", "") == "" {
		return address, nil
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return "", &DeliveryError{Problem: "its URL is none", Permanent: true} // err repeats the URL
	}
	base, err := c.base()
	return base + parsed.RequestURI(), err
}

// vendorBase is where a vendor's server is for everybody.
func vendorBase(kind string) string {
	switch kind {
	case "wecom_bot", "wecom_app":
		return "https://qyapi.weixin.qq.com"
	case "dingtalk":
		return "https://oapi.dingtalk.com"
	case "feishu":
		return "https://open.feishu.cn"
	case "lark":
		return "https://open.larksuite.com"
	case "telegram":
		return "https://api.telegram.org"
	}
	return ""
}

// serverAddress is the host and port of a channel's server, or of the proxy to it.
func (c *connection) serverAddress() (string, error) {
	if c.spec.Type == "email" {
		host, port, err := splitServer(c.spec.text("smtp", ""))
		return net.JoinHostPort(host, strconv.Itoa(port)), err
	}
	server, err := c.serverURL()
	if err != nil {
		return "", err
	}
	if proxy, err := c.proxy(); err != nil {
		return "", err
	} else if proxy != nil {
		through, err := proxy(&http.Request{URL: server})
		if err != nil {
			return "", &DeliveryError{Problem: "its proxy is no URL", Permanent: true}
		}
		if through != nil {
			server = through
		}
	}
	port := server.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[strings.ToLower(server.Scheme)]
	}
	if port == "" {
		return "", &DeliveryError{Problem: fmt.Sprintf("the scheme %q is not known", server.Scheme), Permanent: true}
	}
	return net.JoinHostPort(server.Hostname(), port), nil
}

// serverURL is an address of the server, as far as it is known without an alarm.
func (c *connection) serverURL() (*url.URL, error) {
	text, err := c.base()
	if err == nil && text == "" {
		text, err = c.secret("url")
	}
	if err != nil {
		return nil, err
	}
	server, err := url.Parse(text)
	if err != nil || server.Hostname() == "" {
		return nil, &DeliveryError{Problem: "its address is no URL", Permanent: true}
	}
	return server, nil
}
