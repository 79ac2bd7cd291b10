package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/mvrun/mvrun/record"
)

// Records of what runs where the database is not to be had, such as a device or a host
// of another site.

// ingestRequest is a heartbeat or a log record.
type ingestRequest struct {
	Direction string `json:"direction"`
	Item      string `json:"item"`
	Host      string `json:"host"` // "" for the address that the request comes from
	User      string `json:"user"`
	Script    string `json:"script"`  // of a heartbeat
	Level     string `json:"level"`   // of a log record; "" for Info
	Message   string `json:"message"` // of a log record
}

// apiIngest records what is sent, at the time of this host, with its secrets masked.
func (s *Server) apiIngest(w http.ResponseWriter, r *http.Request, who *identity) {
	kind := record.Kind(r.PathValue("kind"))
	if kind != record.Heartbeat && kind != record.Log {
		s.fail(w, r, http.StatusNotFound, "heartbeat and log are the kinds that can be recorded")
		return
	}
	var asked ingestRequest
	if err := decodeBody(r, &asked); err != nil {
		s.bodyFailed(w, r, err)
		return
	}
	if asked.Host == "" {
		asked.Host = s.client(r)
	}
	line, err := s.ingested(kind, &asked, who)
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, err.Error())
		return
	}
	store, item := s.options.Load().Store, record.Item{Direction: asked.Direction, Name: asked.Item}
	if err := store.Append(item, kind, record.Day(s.now()), line); err != nil {
		s.databaseFailed(w, r, err)
		return
	}
	s.surveys.forget()
	s.writeJSON(w, r, http.StatusCreated, line)
}

// maxName bounds what names a host or a user.
const maxName = 1 << 10

// ingested makes a line of a day file.
func (s *Server) ingested(kind record.Kind, asked *ingestRequest, who *identity) ([]byte, error) {
	if err := (record.Item{Direction: asked.Direction, Name: asked.Item}).Validate(); err != nil {
		return nil, err
	}
	if len(asked.Host) > maxName || len(asked.User) > maxName {
		return nil, fmt.Errorf("host and user have at most %d bytes", maxName)
	}
	now, masker := s.now(), s.options.Load().Masker
	if masker == nil {
		masker = new(record.Masker)
	}
	var e record.Encoder
	e.Time("time", now, record.TimeLayout)
	if kind == record.Heartbeat {
		e.String("user", asked.User).String("host", asked.Host).String("script", record.CutMessage(masker.Mask(asked.Script), 0))
		return e.Time("ts", now, record.StampLayout).String("by", who.name).Line(), nil
	}
	level, err := s.ingestedLevel(asked.Level)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(asked.Message) == "" {
		return nil, errors.New("the message is empty")
	}
	e.String("message_level", level).String("message", record.CutMessage(masker.Mask(asked.Message), 0))
	return e.Time("ts", now, record.StampLayout).String("host", asked.Host).Optional("user", asked.User).String("by", who.name).Line(), nil
}

// ingestedLevel is a level of the config, in its own letters.
func (s *Server) ingestedLevel(text string) (string, error) {
	levels := s.options.Load().Levels
	if levels == nil {
		for _, level := range record.Levels {
			levels = append(levels, string(level))
		}
	}
	if text == "" {
		text = string(record.LevelInfo)
	}
	i := slices.IndexFunc(levels, func(level string) bool { return strings.EqualFold(level, text) })
	if i < 0 {
		return "", errors.New("the level is none of " + strings.Join(levels, ", "))
	}
	return levels[i], nil
}
