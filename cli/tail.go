package cli

import (
	"strings"
	"sync"
)

// keptOutput is how much of a run's output is kept.
const keptOutput = 64 << 10

// tail keeps the last bytes of an output. Two pumps may write to it at once.
type tail struct {
	mu    sync.Mutex
	buf   []byte // a ring once it is full
	next  int
	total int64
}

func (t *tail) write(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total += int64(len(p))
	if len(p) >= keptOutput {
		t.buf = append(t.buf[:0], p[len(p)-keptOutput:]...)
		t.next = 0
		return
	}
	if room := keptOutput - len(t.buf); room > 0 {
		n := min(room, len(p))
		t.buf = append(t.buf, p[:n]...)
		p = p[n:]
	}
	for len(p) > 0 {
		n := copy(t.buf[t.next:], p)
		t.next = (t.next + n) % keptOutput
		p = p[n:]
	}
}

// text gives what is kept, from a line's beginning where something was cut.
func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := string(t.buf[t.next:]) + string(t.buf[:t.next])
	if t.total > int64(len(text)) {
		if i := strings.IndexByte(text, '\n'); i >= 0 && i+1 < len(text) {
			text = text[i+1:]
		}
	}
	return text
}

// lastLines gives the last n lines of a text.
func lastLines(text string, n int) string {
	text = strings.TrimRight(text, "\n")
	at := len(text)
	for range n {
		if at = strings.LastIndexByte(text[:at], '\n'); at < 0 {
			return text
		}
	}
	return text[at+1:]
}
