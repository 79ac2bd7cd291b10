package record

import (
	"reflect"
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	cases := []struct{ text, want string }{
		{"password=hunter2", "password=***"},
		{"password=hunter2, user=bob", "password=***, user=bob"},
		{"Password: hunter2 next", "Password: *** next"},
		{"PASSWD = hunter2", "PASSWD = ***"},
		{"MYSQL_PWD=hunter2;x", "MYSQL_PWD=***"},
		{"(secret=hunter2)", "(secret=***)"},
		{"token: abc.def-ghi", "token: ***"},
		{"access_token=abc", "access_token=***"},
		{"token: Bearer abcdef", "token: ***"},
		{"api_key=abc apikey=def API-KEY: ghi access_key=jkl", "api_key=*** apikey=*** API-KEY: *** access_key=***"},
		{"aws_secret_access_key => abc", "aws_secret_access_key => ***"},
		{`password="two words" x`, `password="***" x`},
		{`password='two words' x`, `password='***' x`},
		{`password='it'\''s' x`, `password='***' x`},
		{`password=b'ab c' x`, `password=b'***' x`},
		{`password="a\"b c" x`, `password="***" x`},
		{`password="never closed`, `password="***`},
		{`{"password": "x", "user": "y"}`, `{"password": "***", "user": "y"}`},
		{`{'password': 'x', 'user': 'y'}`, `{'password': '***', 'user': 'y'}`},
		{`"{\"password\": \"x\", \"user\": \"y\"}"`, `"{\"password\": \"***\", \"user\": \"y\"}"`},
		{`{"token":12345}`, `{"token":***}`},
		{"口令：一二三 密码=abc", "口令：*** 密码=***"},
		{"mysql --password hunter2 --user bob", "mysql --password *** --user bob"},
		{"mysql --password=hunter2 --user bob", "mysql --password=*** --user bob"},
		{"tool --api-key 'a b' x", "tool --api-key '***' x"},
		{"['tool', '--token', 'abc', 'x']", "['tool', '--token', '***', 'x']"},
		{"Authorization: Bearer abc", "Authorization: Bearer ***"},
		{"Authorization: Basic YTpi== x", "Authorization: Basic *** x"},
		{"proxy-authorization: Digest username=\"a\", response=\"b\"", "proxy-authorization: ***"},
		{"curl -H 'Authorization: abc def' http://h", "curl -H 'Authorization: ***' http://h"},
		{`{"Authorization": "Bearer abc"}`, `{"Authorization": "Bearer ***"}`},
		{"sent bearer abcdefghijklmnop012== there", "sent bearer *** there"},
		{"GET /x?key=abc&token=def&page=2", "GET /x?key=***&token=***&page=2"},
		{"https://h/send?a=1&access_token=abc#x", "https://h/send?a=1&access_token=***#x"},
		{"https://h/?X-Amz-Signature=abc&sign=def", "https://h/?X-Amz-Signature=***&sign=***"},
		{"postgres://bob:hunter2@db/x", "postgres://bob:***@db/x"},
		{"postgres://bob:p@ss@db/x", "postgres://bob:***@db/x"},
		{"redis://:hunter2@db", "redis://:***@db"},
		{"https://ghp_0123456789abcdefghij@github.com/x", "https://***@github.com/x"},
		{"https://hooks.slack.com/services/T0/B0/abc done", "https://hooks.slack.com/services/*** done"},
		{"https://open.feishu.cn/open-apis/bot/v2/hook/ab-cd x", "https://open.feishu.cn/open-apis/bot/v2/hook/*** x"},
		{"https://api.telegram.org/bot12:ab/sendMessage", "https://api.telegram.org/bot***"},
		{"a\n-----BEGIN RSA PRIVATE KEY-----\nMII\nE==\n-----END RSA PRIVATE KEY-----\nb",
			"a\n-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\nb"},
		{"-----BEGIN PRIVATE KEY-----\nMII", "-----BEGIN PRIVATE KEY-----***"},
		{"password=***", "password=***"},
	}
	for _, c := range cases {
		if got := new(Masker).Mask(c.text); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestMaskLeavesOrdinaryText(t *testing.T) {
	texts := []string{
		"", "n232 unreachable", "load 93.1 > 80", "the password is wrong", "tokens: 512", "3 secrets found",
		"key=n232", "keyboard: us", "monkey = 7", "Password:", "password=", `password=""`, "turnkey?page=2&monkey=3",
		"http://host:8080/path", "http://host:4873/@scope/pkg", "git@github.com:a/b", "ssh://git@host/x", "http://h/?q=a@b",
		"bearer of bad news", "bearer authentication failed", "/home/bob/bin/x", "-----BEGIN CERTIFICATE-----\nMII",
		"signed off: ok", "磁盘已满：/home", "webhook sent",
	}
	for _, text := range texts {
		if got := new(Masker).Mask(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestMaskerExtraPatterns(t *testing.T) {
	m, err := NewMasker([]string{`EMP-\d+`, `badge (\w+) of (\w+)`, `x*`, `(?:y(z))?w1`})
	if err != nil {
		t.Fatal(err)
	}
	const text, want = "EMP-123 badge abc of bob w1 yzw1 password=p", "*** badge *** of bob *** y***w1 password=***"
	if got := m.Mask(text); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	_, err = NewMasker([]string{"a", "(", "[b"})
	if err == nil || !strings.Contains(err.Error(), `"("`) || !strings.Contains(err.Error(), `"[b"`) {
		t.Errorf("error %v does not name both patterns", err)
	}
}

func TestMaskArgs(t *testing.T) {
	cases := []struct{ args, want []string }{
		{nil, nil},
		{[]string{"mysql", "--password", "hunter2", "db"}, []string{"mysql", "--password", "***", "db"}},
		{[]string{"x", "--api-key", "a b"}, []string{"x", "--api-key", "***"}},
		{[]string{"x", "-token", "a"}, []string{"x", "-token", "***"}},
		{[]string{"x", "--password=a b", "c"}, []string{"x", "--password=***", "c"}},
		{[]string{"env", "DB_PASSWORD=a b;c", "PATH=/bin", "./x"}, []string{"env", "DB_PASSWORD=***", "PATH=/bin", "./x"}},
		{[]string{"curl", "-u", "bob:hunter2", "-H", "Authorization: Bearer abc", "https://h/?token=x&a=b"},
			[]string{"curl", "-u", "bob:***", "-H", "Authorization: Bearer ***", "https://h/?token=***&a=b"}},
		{[]string{"sh", "-c", "mysql --password hunter2 <x"}, []string{"sh", "-c", "mysql --password *** <x"}},
		{[]string{"x", "--password-file", "/etc/x", "\xff", ""}, []string{"x", "--password-file", "/etc/x", "\xff", ""}},
		{[]string{"--password"}, []string{"--password"}},
	}
	for _, c := range cases {
		before := append([]string(nil), c.args...)
		if got := new(Masker).MaskArgs(c.args); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.args, got, c.want)
		}
		if !reflect.DeepEqual(append([]string(nil), c.args...), before) {
			t.Errorf("%q was changed", before)
		}
	}
}

// TestMaskPatternsHaveTheirHints holds that the cheap look before the patterns
// finds whatever a pattern could match.
func TestMaskPatternsHaveTheirHints(t *testing.T) {
	texts := []string{
		"PassWord=a", "PASSPHRASE=a", "Pwd=a", "SECRET=a", "Token=a", "api_KEY=a", "?SIGN=a", "?SIG=a", "?KEY=a",
		"密码=a", "密钥=a", "口令=a", "AUTHORIZATION: a", "BEARER 0123456789abcdef", "X://a:b@c", "-----BEGIN PRIVATE KEY-----a",
		"HOOKS.slack.com/services/a", "/open-apis/bot/hook/a", "/api/webhooks/a", "api.telegram.org/bota", "webhook.office.com/a",
	}
	for _, text := range texts {
		if got := new(Masker).Mask(text); !strings.Contains(got, masked) {
			t.Errorf("%q became %q", text, got)
		}
	}
}
