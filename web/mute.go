package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// Mutes and retirements, by the API and by the forms of an item's page.

// apiMutes lists what is muted or retired.
func (s *Server) apiMutes(w http.ResponseWriter, r *http.Request, _ *identity) {
	mutes, err := s.options.Load().Store.Silenced(s.now())
	if err != nil {
		s.databaseFailed(w, r, err)
		return
	}
	if mutes == nil {
		mutes = []record.Mute{}
	}
	data, _ := json.Marshal(map[string]any{"mutes": mutes})
	s.writeJSON(w, r, http.StatusOK, append(data, '\n'))
}

// muteRequest asks for a mute, or for a retirement.
type muteRequest struct {
	Pattern string `json:"pattern"`
	For     string `json:"for"` // see viewer.ParseDuration
	Reason  string `json:"reason"`
	Hold    bool   `json:"hold"`
	Retired bool   `json:"retired"`
}

// longestMute keeps a slip of the hand from silencing somebody for ever.
const longestMute = 366 * 24 * time.Hour

func (s *Server) apiMute(w http.ResponseWriter, r *http.Request, who *identity) {
	var asked muteRequest
	if err := decodeBody(r, &asked); err != nil {
		s.bodyFailed(w, r, err)
		return
	}
	mute, err := s.mute(asked, who)
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, err.Error())
		return
	}
	if err := s.keepMute(mute); err != nil {
		s.databaseFailed(w, r, err)
		return
	}
	data, _ := json.Marshal(mute)
	s.writeJSON(w, r, http.StatusCreated, append(data, '\n'))
}

func (s *Server) mute(asked muteRequest, who *identity) (record.Mute, error) {
	pattern, err := record.ParsePattern(asked.Pattern)
	if err != nil {
		return record.Mute{}, err
	}
	now := s.now()
	mute := record.Mute{Pattern: pattern, Since: now, By: who.name, Reason: strings.TrimSpace(asked.Reason), Hold: asked.Hold, Retired: asked.Retired}
	if asked.Retired {
		return mute, nil
	}
	length, err := viewer.ParseDuration(asked.For)
	if err != nil || length <= 0 || length > longestMute {
		return mute, errors.New(`"for" is a time such as 90, 90s, 5m, 1h30m or 2d, at most a year`)
	}
	mute.Until = now.Add(length)
	return mute, nil
}

func (s *Server) keepMute(mute record.Mute) error {
	defer s.surveys.forget()
	if err := s.options.Load().Store.PutMute(mute); err != nil {
		return err
	}
	return s.recordMute(mute.Pattern, mute.String())
}

// recordMute makes a record of what somebody did about alarms, as the commands do.
func (s *Server) recordMute(pattern, text string) error {
	store, now := s.options.Load().Store, s.now()
	item := store.ItemOfMute(pattern)
	var e record.Encoder
	e.Time("time", now, record.TimeLayout).String("message_level", string(record.LevelInfo)).String("message", "mvrun: "+text)
	e.Time("ts", now, record.StampLayout)
	return store.Append(item, record.Log, record.Day(now), e.Line())
}

// apiUnmute ends a mute, or takes a retirement back.
func (s *Server) apiUnmute(w http.ResponseWriter, r *http.Request, who *identity) {
	pattern, err := record.ParsePattern(r.URL.Query().Get("pattern"))
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, err.Error())
		return
	}
	found, err := s.unmute(pattern, who)
	switch {
	case err != nil:
		s.databaseFailed(w, r, err)
	case !found:
		s.fail(w, r, http.StatusNotFound, pattern+" is not muted")
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Server) unmute(pattern string, who *identity) (found bool, err error) {
	defer s.surveys.forget()
	store := s.options.Load().Store
	muted, err := store.RemoveMute(pattern)
	retired, retireErr := store.Unretire(pattern)
	if err = errors.Join(err, retireErr); err == nil && (muted || retired) {
		err = s.recordMute(pattern, pattern+" is not silenced any more, says "+who.name)
	}
	return muted || retired, err
}

// unmuteItem ends the mute of one item, also where it was given by a pattern that is
// the item's name, as by `mvrun mute`.
func (s *Server) unmuteItem(item record.Item, who *identity) error {
	_, err := s.unmute(item.Pattern(), who)
	if plain := item.String(); err == nil && plain != item.Pattern() {
		_, err = s.unmute(plain, who)
	}
	return err
}

// itemForm carries out the form of an item's page.
func (s *Server) itemForm(w http.ResponseWriter, r *http.Request, who *identity) {
	item := record.Item{Direction: r.PathValue("direction"), Name: r.PathValue("item")}
	if err := item.Validate(); err != nil {
		s.fail(w, r, http.StatusNotFound, "there is no such item")
		return
	}
	var err error
	switch r.PostFormValue("do") {
	case "mute", "retire":
		var mute record.Mute
		mute, err = s.mute(muteRequest{
			Pattern: item.Pattern(), For: r.PostFormValue("for"), Reason: r.PostFormValue("reason"), Retired: r.PostFormValue("do") == "retire",
		}, who)
		if err != nil {
			s.fail(w, r, http.StatusBadRequest, err.Error())
			return
		}
		err = s.keepMute(mute)
	case "unmute":
		err = s.unmuteItem(item, who)
	default:
		s.fail(w, r, http.StatusBadRequest, "the form is not known")
		return
	}
	if err != nil {
		s.databaseFailed(w, r, err)
		return
	}
	http.Redirect(w, r, itemAddress(item), http.StatusSeeOther)
}
