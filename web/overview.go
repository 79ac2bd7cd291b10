package web

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
)

// overviewKeys are what the address of the overview may say.
var overviewKeys = [...]string{"state", "search", "page", "begin", "end", "range", "direction", "wait", "lang"}

// itemsShown is how many items a page of the overview shows.
const itemsShown = 25

// How long the overview waits for the states and for its charts. Where they take
// longer, those of a moment ago are shown, with their time, or they come when they
// are there.
const (
	statePatience = 150 * time.Millisecond
	chartPatience = 100 * time.Millisecond
	pagePatience  = 200 * time.Millisecond // for both together
)

// overviewView is the state of every item, what is wrong first, and the history in
// totals and charts.
type overviewView struct {
	page
	values     url.Values
	at         time.Time // of the states; zero while they are being found out
	counts     []count
	all        int // items of the direction
	wrong      int // of which something is wrong
	items      []itemView
	found      int // items that were asked for
	number     int // of the page, from 1 on
	directions []string
	days       days
	countedAt  time.Time
	tooMuch    bool    // too many records to count
	charts     *charts // nil where they are still being counted
	partial    bool    // mutes or the outbox could not be read
	stuck      int     // alarms that could not be sent for long, of all items
}

// count is how many items are in a state.
type count struct {
	state heartbeat.State
	count int
}

func (s *Server) overviewPage(w http.ResponseWriter, r *http.Request, who *identity) {
	view := &overviewView{page: s.page(r, who, "Overview"), values: r.URL.Query(), number: 1}
	err := checkKeys(view.values, overviewKeys[:])
	if err == nil {
		view.days, err = daysOf(view.values, s.now())
	}
	if text := view.values.Get("page"); text != "" && err == nil {
		view.number, err = strconv.Atoi(text)
		view.number = max(view.number, 1)
	}
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, err.Error())
		return
	}
	if err := s.fill(view); err != nil {
		s.databaseFailed(w, r, err)
		return
	}
	s.render(w, http.StatusOK, view.page, view)
}

// fill puts states and counts into the page, as far as they are there in time.
func (s *Server) fill(view *overviewView) error {
	began, wait := time.Now(), view.values.Get("wait") != ""
	surveying := s.surveying()
	if !wait {
		surveying = s.surveys.within(surveying, statePatience)
	}
	if surveying != nil {
		found, err := surveying.wait()
		if err != nil {
			return err
		}
		view.take(found, s.now())
	}
	counting := s.countsOf(view.days, view.direction(), nil)
	if !wait {
		counting = s.counts.within(counting, min(chartPatience, pagePatience-time.Since(began)))
	}
	if counting == nil || surveying == nil {
		return nil
	}
	sums, err := counting.wait()
	if errors.Is(err, errBusy) && !wait {
		return nil // the page asks again
	}
	if view.tooMuch = errors.Is(err, record.ErrTooMuch); view.tooMuch {
		return nil
	}
	if err == nil {
		view.countedAt = sums.at
		view.charts = newCharts(newSummary(view.days, sums.counts), view.directions, view.filter())
	}
	return err
}

// direction is the one that the page is about; nil for all.
func (v *overviewView) direction() []string {
	if name := v.values.Get("direction"); name != "" {
		return []string{record.LiteralPattern(name)}
	}
	return nil
}

// filter is what of the page goes into the addresses of listings.
func (v *overviewView) filter() url.Values {
	if direction := v.direction(); direction != nil {
		return url.Values{"direction": direction}
	}
	return url.Values{}
}

// take takes what was found of all items, and of those that were asked for what a
// page shows.
func (v *overviewView) take(found *judged, now time.Time) {
	v.at, v.partial, v.stuck = found.at, found.partial != nil, found.stuck
	states := map[heartbeat.State]int{}
	var wanted []*heartbeat.Verdict
	for i := range found.verdicts {
		verdict := &found.verdicts[i]
		direction := verdict.Item.Direction
		if len(v.directions) == 0 || v.directions[len(v.directions)-1] != direction {
			v.directions = append(v.directions, direction)
		}
		if name := v.values.Get("direction"); name != "" && name != direction {
			continue
		}
		states[verdict.State]++
		if v.asksFor(verdict) {
			wanted = append(wanted, verdict)
		}
	}
	slices.Sort(v.directions)
	v.directions = slices.Compact(v.directions)
	for _, state := range heartbeat.States {
		if states[state] > 0 {
			v.counts = append(v.counts, count{state, states[state]})
			v.all += states[state]
			if isWrong(state) {
				v.wrong += states[state]
			}
		}
	}
	slices.SortStableFunc(wanted, func(a, b *heartbeat.Verdict) int { return cmp.Compare(stateRank(a.State), stateRank(b.State)) })
	v.found = len(wanted)
	v.number = min(v.number, (v.found+itemsShown-1)/itemsShown)
	v.number = max(v.number, 1)
	first := (v.number - 1) * itemsShown
	for _, verdict := range wanted[first:min(first+itemsShown, len(wanted))] {
		v.items = append(v.items, viewOf(verdict, heartbeat.Language(v.Lang), now))
	}
}

// stateRank orders states, the worst first.
func stateRank(state heartbeat.State) int { return slices.Index(heartbeat.States, state) }

// isWrong reports whether somebody should look at an item in a state.
func isWrong(state heartbeat.State) bool {
	return stateRank(state) < stateRank(heartbeat.Muted)
}

// stateWrong is what the page calls all states of which something is wrong.
const stateWrong = "wrong"

func (v *overviewView) asksFor(verdict *heartbeat.Verdict) bool {
	switch state := v.values.Get("state"); state {
	case "":
	case stateWrong:
		if !isWrong(verdict.State) {
			return false
		}
	default:
		if state != string(verdict.State) {
			return false
		}
	}
	search := v.values.Get("search")
	return holdsFold(verdict.Item.String(), search) || holdsFold(verdict.Admin, search) || holdsFold(verdict.Beat.Host, search)
}

// with is the address of this page with one value changed. Another filter begins at
// the first page again.
func (v *overviewView) with(key, value string) string {
	values := url.Values{}
	for name, list := range v.values {
		if list = given(list); len(list) > 0 && name != "wait" && name != "lang" && name != "page" {
			values[name] = list
		}
	}
	return address("/", values, key, value)
}

// inRange is the address of this page with another range.
func (v *overviewView) inRange(name string) string {
	values := url.Values{}
	for key, list := range v.values {
		if list = given(list); len(list) > 0 && (key == "state" || key == "search" || key == "direction") {
			values[key] = list
		}
	}
	return address("/", values, "range", name)
}

// listing is the address of the records of the range, with a further filter.
func (v *overviewView) listing(kind record.Kind, key, value string) string {
	filter := v.filter()
	if key != "" {
		filter.Set(key, value)
	}
	return listingAddress(kind, v.days, filter)
}
