package notify

import (
	"context"
	"fmt"
	"net"
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

// base is the beginning of a vendor's addresses.
func (c *connection) base() string { return c.spec.text("base_url", vendorBase(c.spec.Type)) }

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

// serverAddress is the host and port of a channel's server, or of its proxy.
func (c *connection) serverAddress() (string, error) {
	if c.spec.Type == "email" {
		host, port, err := splitServer(c.spec.text("smtp", ""))
		return net.JoinHostPort(host, strconv.Itoa(port)), err
	}
	text := c.spec.text("url", "")
	if text == "" {
		text = c.base()
	}
	if proxy := c.spec.text("proxy", ""); proxy != "" && proxy != "none" {
		text = proxy
	}
	text, err := c.secretOf(text)
	if err != nil {
		return "", err
	}
	address, err := url.Parse(text)
	if err != nil || address.Hostname() == "" {
		return "", &DeliveryError{Problem: "its address is no URL", Permanent: true}
	}
	port := address.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080"}[strings.ToLower(address.Scheme)]
	}
	if port == "" {
		return "", &DeliveryError{Problem: fmt.Sprintf("the scheme %q is not known", address.Scheme), Permanent: true}
	}
	return net.JoinHostPort(address.Hostname(), port), nil
}
