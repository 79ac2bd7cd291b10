package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// parserState is what a Parser hands over.
type parserState struct {
	Line     []byte
	Length   int64
	Skip     bool
	Began    bool
	Read     time.Time
	Deadline time.Time
	Record   *recordState
}

type recordState struct {
	Message Message
	Text    []byte
	Lines   int64
	Left    int64
	Size    int64
	Heredoc string
	Muted   bool
}

// State gives what the Parser holds between two writes, for another process to
// go on with. It holds texts before secrets are masked, and belongs into a pipe
// and not on a disk.
func (p *Parser) State() ([]byte, error) {
	state := parserState{
		Line: p.line, Length: p.length, Skip: p.skip, Began: p.began, Read: p.read, Deadline: p.deadline,
	}
	if p.open {
		r := &p.record
		state.Record = &recordState{r.message, r.text, r.lines, r.left, r.size, r.heredoc, r.muted}
	}
	data, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("hand over the line parser: %w", err)
	}
	return data, nil
}

// Restore takes over what State gave. The Parser must be new and have the same
// options; it is unchanged where there is an error.
func (p *Parser) Restore(data []byte) error {
	var state parserState
	err := json.Unmarshal(data, &state)
	if err == nil {
		err = state.check()
	}
	if err != nil {
		return fmt.Errorf("take over the line parser: %w", err)
	}
	p.partialLine = partialLine{line: state.Line, length: state.Length, skip: state.Skip}
	p.read, p.deadline, p.began = state.Read, state.Deadline, state.Began
	p.open = state.Record != nil
	if p.open {
		r := state.Record
		p.record = openRecord{r.Message, r.Text, r.Lines, r.Left, r.Size, r.Heredoc, r.Muted}
	}
	return nil
}

// errState is the fault of a state that no Parser gave.
var errState = errors.New("state does not fit together")

func (s *parserState) check() error {
	if len(s.Line) > maxLineKept || s.Length < int64(len(s.Line)) || s.Length > 0 && len(s.Line) == 0 {
		return errState
	}
	r := s.Record
	if r == nil {
		return nil
	}
	if len(r.Text) > maxTextKept || !utf8.Valid(r.Text) || r.Lines < 0 || r.Left < 0 || r.Size < 0 {
		return errState
	}
	return nil
}
