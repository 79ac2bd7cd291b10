package notify

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"encoding/pem"
)

// badServer accepts connections and treats them badly.
func badServer(t *testing.T, treat func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				treat(conn)
			}()
		}
	}()
	return listener.Addr().String()
}

// drip answers a byte now and then, until the other side has had enough.
func drip(text string) func(net.Conn) {
	return func(conn net.Conn) {
		buf := make([]byte, 1024)
		_, _ = conn.Read(buf)
		for i := range text {
			if _, err := conn.Write([]byte{text[i]}); err != nil {
				return
			}
			<-time.After(20 * time.Millisecond)
		}
		_, _ = io.Copy(io.Discard, conn)
	}
}

// Whatever a server does, a channel comes back soon after its context ends, says
// why, and keeps the secrets of its settings to itself.
func TestNoServerHoldsAChannel(t *testing.T) {
	silent := func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }
	reset := func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) }
	addresses := map[string]string{
		"says nothing":    badServer(t, silent),
		"one byte a time": badServer(t, drip("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"+strings.Repeat("x", 1000))),
		"resets":          badServer(t, reset),
		"garbage":         badServer(t, func(conn net.Conn) { _, _ = conn.Write([]byte("220 hello\r\n\x00\xff garbage\r\n")) }),
		"nobody":          "127.0.0.1:1",
	}
	cases := vendorCases()
	cases["email"] = vendorCase{settings: texts("smtp", "ADDRESS", "user", "mvrun", "password", "secret:sEcReT", "auth", "plain", "encryption", "none"), secrets: []string{"sEcReT"}}
	for kind, c := range cases {
		for what, address := range addresses {
			t.Run(kind+" "+what, func(t *testing.T) {
				t.Parallel()
				settings := map[string]SettingValue{"timeout": {Text: "10s"}}
				for key, value := range c.settings {
					value.Text = strings.ReplaceAll(value.Text, "ADDRESS", address)
					settings[key] = value
				}
				ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
				defer cancel()
				delivery := deliveryOf("m")
				var channel Channel
				if kind == "email" {
					var err error
					if channel, err = NewChannel(ChannelSpec{Name: "it", Type: "email", Settings: settings}, ChannelOptions{Secret: secretOf}); err != nil {
						t.Fatal(err)
					}
					delivery.To = []Recipient{{"alice", "alice@example.com"}}
				} else {
					channel = channelTo(t, kind, settings, "http://"+address, hostState(t))
				}
				begun := time.Now()
				err := channel.Deliver(ctx, delivery)
				if took := time.Since(begun); took > 5*time.Second {
					t.Errorf("took %v", took)
				}
				failure, ok := errors.AsType[*DeliveryError](err)
				if !ok || failure.Permanent || failure.Unsent {
					t.Fatalf("%#v", err)
				}
				for _, secret := range c.secrets {
					if strings.Contains(err.Error(), secret) {
						t.Errorf("tells a secret: %v", err)
					}
				}
				if what != "garbage" && !failure.Unreachable {
					t.Errorf("counts as an answer: %+v", failure)
				}
			})
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	other := newVendor(t, func(v *vendor, _ *http.Request, _ []byte) (int, string) {
		t.Error("the alarm went to another place")
		return 200, ""
	})
	server := httptest.NewServer(http.RedirectHandler(other.server.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	for kind, c := range vendorCases() {
		if err := channelTo(t, kind, c.settings, server.URL, nil).Deliver(t.Context(), deliveryOf("m")); err == nil || !failureOf(err).Permanent {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestAPrivateAuthorityIsTrustedWhereTheConfigSaysSo(t *testing.T) {
	c := vendorCases()["slack"]
	v := &vendor{t: t, check: c.rule}
	server := httptest.NewUnstartedServer(v)
	server.Config.ErrorLog = discardLog()
	server.StartTLS()
	defer server.Close()
	err := channelTo(t, "slack", c.settings, server.URL, nil).Deliver(t.Context(), deliveryOf("m"))
	if failure := failureOf(err); err == nil || failure.Permanent || !strings.Contains(failure.Problem, "ca_file") {
		t.Errorf("a certificate of nobody: %v", err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := channelTo(t, "slack", broken(c.settings, "ca_file", file), server.URL, nil).Deliver(t.Context(), deliveryOf("m")); err != nil {
		t.Errorf("with ca_file: %v", err)
	}
	if err := channelTo(t, "slack", broken(c.settings, "ca_file", "/no/such"), server.URL, nil).Deliver(t.Context(), deliveryOf("m")); err == nil {
		t.Error("without that file it was trusted")
	}
}

func TestAProxyTakesTheRequest(t *testing.T) {
	c := vendorCases()["feishu"]
	v := newVendor(t, c.rule)
	proxied := 0
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxied++
		body, _ := io.ReadAll(r.Body)
		_, answer := c.rule(v, r, body)
		_, _ = io.WriteString(w, answer)
	}))
	defer proxy.Close()
	channel := channelTo(t, "feishu", broken(c.settings, "proxy", proxy.URL), "http://chat.invalid", nil)
	if err := channel.Deliver(t.Context(), deliveryOf("m")); err != nil || proxied != 1 || len(v.texts) != 1 {
		t.Errorf("%v, %d by the proxy", err, proxied)
	}
}

// A name server that does not answer is no reason to wait longer.
func TestANameServerThatDoesNotAnswer(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0") // takes questions
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	before := net.DefaultResolver
	defer func() { net.DefaultResolver = before }()
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return net.DialUDP("udp", nil, conn.LocalAddr().(*net.UDPAddr))
	}}
	for kind, settings := range map[string]map[string]SettingValue{
		"http":  texts("url", "http://chat.example.com/"),
		"email": texts("smtp", "mail.example.com", "from", "x@example.com"),
	} {
		channel, err := NewChannel(ChannelSpec{Name: "it", Type: kind, Settings: settings}, ChannelOptions{Secret: secretOf})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		begun := time.Now()
		err = channel.Deliver(ctx, mailed("m"))
		cancel()
		if took := time.Since(begun); took > 5*time.Second || err == nil || !failureOf(err).Unreachable {
			t.Errorf("%s: %v after %v", kind, err, took)
		}
	}
}
