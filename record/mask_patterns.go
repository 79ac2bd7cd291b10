package record

import (
	"regexp"
	"sync"
)

// hint says which built-in patterns a text is worth being matched against.
type hint uint8

const (
	hintName          hint = 1 << iota // the name of a secret
	hintAuthorization                  // an HTTP header
	hintURL                            // "://"
	hintPrivateKey                     // a PEM block
	hintWebhook                        // an address that is a secret as such
)

type hintWord struct {
	word string // in lower case
	hint hint
}

// hintWords holds, by their first byte, the words without which no built-in
// pattern can match. The compiler lays it out: every run masks its command line.
var hintWords = [256][]hintWord{
	'p':  {{"passw", hintName}, {"passphrase", hintName}, {"pwd", hintName}},
	's':  {{"secret", hintName}, {"sign", hintName}, {"sig=", hintName}},
	't':  {{"token", hintName}},
	'k':  {{"key", hintName}},
	0xE5: {{"密码", hintName}, {"密钥", hintName}, {"口令", hintName}}, // with which each begins in UTF-8
	'a':  {{"authorization", hintAuthorization}},
	'b':  {{"bearer", hintAuthorization}},
	':':  {{"://", hintURL}},
	'-':  {{"-----begin", hintPrivateKey}},
	'h':  {{"hook", hintWebhook}},
	'.':  {{".org/bot", hintWebhook}},
}

// findHints looks for the words without regexps, as nearly all messages have
// none of them.
func findHints(text string) hint {
	var found hint
	for i := range len(text) {
		for _, w := range hintWords[lower(text[i])] {
			if hasLowerPrefix(text[i:], w.word) {
				found |= w.hint
			}
		}
	}
	return found
}

// hasLowerPrefix reports whether text begins with a word, in any case.
func hasLowerPrefix(text, word string) bool {
	if len(text) < len(word) {
		return false
	}
	for i := range len(word) {
		if lower(text[i]) != word[i] {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// maskPattern is a built-in pattern; all its groups are secrets.
type maskPattern struct {
	hint    hint
	pattern *regexp.Regexp
}

// Parts of the built-in patterns.
const (
	// secretNames end the name of a secret, as in DB_PASSWORD or x-auth-token.
	secretNames = `(?:passw(?:or)?d|passphrase|pwd|secret|token|` +
		`(?:api|access|secret|private|auth|encryption|signing)[_ -]?key|密码|密钥|口令)`

	// secretValue is a value in quotes, which may be escaped or left open, or
	// everything to the next white space but closing punctuation.
	secretValue = `(?:` +
		`\\+"([^"\n]*[^"\\\n])` +
		`|[bfru$]{0,2}"((?:[^"\\\n]|\\.)*)` +
		`|[bfru$]{0,2}'((?:[^'\\\n]|\\.|'\\'')*)` +
		`|((?:(?:bearer|basic)[ \t]+)?\S*[^\s"',;)\]}>])` +
		`)`

	queryParameter = `[?&](?:[\w.%-]*` + secretNames + `|(?:[\w.%-]*[_.-])?(?:key|sig|sign|signature))=([^&#\s"'<>]+)`
	assignment     = secretNames + `(?:\\*["'])?[ \t]*(?:=>|:=|==?|[:：])[ \t]*` + secretValue
	option         = `(?:^|[\s"'\[(,])--?[\w-]*` + secretNames + `["']?,?[ \t]+` + secretValue

	authorization = `authorization(?:\\*["'])?[ \t]*[:=][ \t]*(?:\\*["'])?(?:` +
		`(?:bearer|basic|token|negotiate|ntlm|apikey)[ \t]+([^\s"'\\]+)` +
		`|(digest[ \t][^\n]+)` +
		`|([^"'\n]+))`
	bearer = `\bbearer[ \t]+([\w.~+/-]{16,}=*)`

	// urlUser is a user's password, or a token in the user's place.
	urlUser = `://(?:[^\s/:@"'<>]*:([^\s/"'<>]+)|([^\s/:@"'<>]{20,}))@`

	privateKey = `-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----((?s:.)*?)` +
		`(?:-----END [A-Z0-9 ]*PRIVATE KEY|\z)`

	webhook = `(?:hooks\.slack\.com/[a-z]+/|/open-apis/bot/(?:v2/)?hook/|/api/webhooks/|` +
		`webhook\.office\.com/|api\.telegram\.org/bot)([^\s"'<>]+)`
)

var builtInPatterns = sync.OnceValue(func() []maskPattern {
	insensitive := func(h hint, pattern string) maskPattern {
		return maskPattern{h, regexp.MustCompile(`(?i)` + pattern)}
	}
	return []maskPattern{
		insensitive(hintPrivateKey, privateKey),
		insensitive(hintAuthorization, authorization),
		insensitive(hintAuthorization, bearer),
		insensitive(hintURL, urlUser),
		insensitive(hintWebhook, webhook),
		insensitive(hintName, queryParameter+`|`+assignment),
		insensitive(hintName, option),
	}
})

// secretOption is a word of a command line after which a secret follows.
var secretOption = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^--?[\w-]*` + secretNames + `$`)
})

// secretSetting begins a word of a command line that ends with a secret.
var secretSetting = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^[\w.-]*` + secretNames + `=`)
})
