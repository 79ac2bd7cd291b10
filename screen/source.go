package screen

import (
	"context"
	"slices"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// source is where listings and names come from.
type source interface {
	// stream is as viewer.Stream.
	stream(ctx context.Context, q record.Query, give func(viewer.Batch)) error
	names() known
}

// storeSource is a database.
type storeSource struct {
	store *record.Store
	rules heartbeat.Rules
}

func (s storeSource) stream(ctx context.Context, q record.Query, give func(viewer.Batch)) error {
	return viewer.Stream(ctx, s.store, q, s.rules, give)
}

// names lists directions and items, and whom alarms of the items go to.
func (s storeSource) names() known {
	var names known
	items, _ := s.store.Candidates(nil, nil)
	for i, item := range items {
		names.directions = append(names.directions, item.Direction)
		names.items = append(names.items, item.Name)
		if i >= maxAsked {
			continue
		}
		settings, _ := s.store.ReadItem(item)
		names.receivers = append(names.receivers, splitWords(settings[record.KeyAlarmReceivers])...)
	}
	for _, list := range []*[]string{&names.directions, &names.items, &names.receivers} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return names
}

// maxAsked bounds the items that are asked for their receivers.
const maxAsked = 1000

// carryOut does what the model asks for. What may take time is done beside the loop.
func (p *program) carryOut(signals *signals) {
	effects := p.model.effects
	p.model.effects = nil
	for _, e := range effects {
		switch e := e.(type) {
		case quit:
			p.over = true
		case suspend:
			if err := p.suspend(signals); err != nil {
				p.fail(err)
			}
		case repaint:
			p.painter.shown = nil
			width, height := p.terminal.size()
			p.take(resize{width, height})
		case load:
			p.load(e)
		case learnNames:
			p.guard(func() { p.post(learned{p.source.names()}) })
		case exportOrder:
			p.exports.Add(1)
			p.guard(func() {
				defer p.exports.Done()
				exists, err := e.write()
				p.post(exported{e, exists, err})
			})
		}
	}
}

// load reads a listing. What was read until now is not wanted any more: neither of
// this tab nor of the one that was open before.
func (p *program) load(l load) {
	if p.stopLoad != nil {
		p.stopLoad()
	}
	ctx, cancel := context.WithCancel(p.ctx)
	p.stopLoad = cancel
	p.guard(func() {
		err := p.source.stream(ctx, l.query, func(b viewer.Batch) {
			select {
			case p.events <- answer{l.tab, l.generation, b}:
			case <-ctx.Done():
			}
		})
		if err != nil && ctx.Err() == nil {
			p.post(failed{l.tab, l.generation, err})
		}
	})
}
