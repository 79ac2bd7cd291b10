package zstd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
)

// words of messages, in two languages.
var words = strings.Fields(`the disk of is full file cannot be opened connection refused by host timeout after
	seconds retry job started finished status queue license server slot memory exceeded limit user quota node pending
	磁盘 空间 不足 无法 打开 文件 连接 被 拒绝 超时 重试 作业 已 启动 完成 状态 队列 许可证 服务器 内存 超出 限制 用户 节点 等待`)

// logText makes lines as they stand in a day file, some of them in Chinese.
func logText(size int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	levels := []string{"Info", "Info", "Info", "Warning", "Error"}
	var text []byte
	for second := 0; len(text) < size; second += random.IntN(4) {
		text = fmt.Appendf(text, `{"time": "2026-11-%02d %02d:%02d:%02d", "message_level": "%s", "message": "%s"}`+"\n",
			1+second/86400%28, second/3600%24, second/60%60, second%60, levels[random.IntN(len(levels))], message(random))
	}
	return text[:size]
}

func message(random *rand.Rand) string {
	switch random.IntN(6) {
	case 0:
		return fmt.Sprintf("/proj/%s%d is %d%% full", words[random.IntN(40)], random.IntN(30), random.IntN(100))
	case 1:
		return fmt.Sprintf("job %d on node%03d: status %d after %d.%03d s", random.IntN(1e7), random.IntN(400),
			random.IntN(3), random.IntN(5000), random.IntN(1000))
	case 2:
		return fmt.Sprintf("%016x: heartbeat", random.Uint64())
	}
	first, of := random.IntN(2)*(len(words)/2), len(words)/2
	var b strings.Builder
	for range 3 + random.IntN(12) {
		b.WriteString(words[first+random.IntN(of)])
		if first == 0 {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// contents are bytes of many kinds, by name. Nobody changes them.
var contents = sync.OnceValue(func() map[string][]byte {
	random := rand.NewChaCha8([32]byte{})
	noise := make([]byte, 300<<10)
	_, _ = random.Read(noise)
	few := make([]byte, 200<<10) // the literals of few bytes, and nothing that repeats
	for i, b := range noise[:len(few)] {
		few[i] = "abcdefghijklmnop"[b&15&(b>>4|3)]
	}
	text := logText(700 << 10)
	alike := bytes.ReplaceAll(noise[:128<<10], []byte("Z"), []byte("Y")) // and then matches of one kind
	for i := range 200 {
		alike = append(append(alike, 'Z'), alike[100*i:100*i+100]...)
	}
	woven := bytes.Clone(noise[:256<<10]) // and then the shortest matches, from two places in turns
	for i := 0; len(woven) < 384<<10; i++ {
		from := len(woven) - []int{140001, 200003}[i%2]
		n := 4
		if i < 2 {
			n = 64
		}
		woven = append(woven, woven[from:from+n]...)
	}
	return map[string][]byte{
		"nothing":    {},
		"a byte":     {'x'},
		"short":      []byte("hello, hello, hello"),
		"a line":     text[:120],
		"1 KiB":      text[:1<<10],
		"text":       text,
		"a block":    text[:128<<10],
		"and a byte": text[:128<<10+1],
		"zeros":      make([]byte, 200<<10),
		"noise":      noise,
		"few":        few,
		"all bytes":  bytes.Repeat(noise[:256], 300),
		"far apart":  bytes.Join([][]byte{noise, text[:200<<10], few[:50<<10], noise[:200<<10]}, nil),
		"alike":      alike,
		"woven":      woven,
		"mixed":      mixed(200<<10, 7),
	}
})

// mixed is content in which pieces of noise, runs and what was there before follow
// each other in any order and length.
func mixed(size int, seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 0))
	var out []byte
	for len(out) < size {
		n := 1 + random.IntN(1<<random.IntN(17))
		switch kind := random.IntN(4); {
		case kind == 0:
			mask := byte(1<<random.IntN(9) - 1)
			for range n {
				out = append(out, byte(random.Uint32())&mask)
			}
		case kind == 1:
			out = append(out, bytes.Repeat([]byte{byte(random.Uint32())}, n)...)
		case len(out) > 0:
			from := random.IntN(len(out))
			out = append(out, out[from:min(from+n, len(out))]...)
		}
	}
	return out[:size]
}
