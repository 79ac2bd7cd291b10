package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
)

// chat is a channel that posts JSON to one place and reads a verdict from the
// answer: a status of 2xx alone does not mean that anything was delivered.
type chat struct {
	*connection
	message func(ctx context.Context, c *connection, d *Delivery) ([]chatRequest, error)
	// verdict reads an answer by the vendor's rule; nil means that the message was
	// delivered. An answer that is none of the vendor's is not understood.
	verdict func(c *connection, body []byte) (failure *DeliveryError, understood bool)
}

// chatRequest is one message to a chat.
type chatRequest struct {
	url     string
	payload any
	to      string // the one recipient whom it reaches, "" for all
}

// Deliver posts what the chat's messages are made of.
func (c *chat) Deliver(ctx context.Context, d *Delivery) error {
	requests, err := c.message(ctx, c.connection, d)
	if err != nil {
		return err
	}
	if len(requests) == 0 {
		return errNobody(d)
	}
	var all partial
	for _, one := range requests {
		all.add(one.to, c.deliver(ctx, one))
	}
	return all.error()
}

func (c *chat) deliver(ctx context.Context, one chatRequest) error {
	if err := c.turn(ctx); err != nil {
		return err
	}
	body, err := jsonOf(one.payload)
	if err != nil {
		return err
	}
	reply, err := c.post(ctx, request{method: http.MethodPost, url: one.url, contentType: "application/json; charset=utf-8", body: body})
	if err != nil {
		return err
	}
	return c.judge(reply)
}

// judge asks the vendor's rule first, which knows more than the status: some
// answer with 400 what is only too fast. What somebody else has answered, such as
// a proxy, is judged by its status.
func (c *chat) judge(r reply) error {
	failure := c.judgeStatus(r)
	verdict, understood := c.verdict(c.connection, r.body)
	if verdict != nil && (understood || failure == nil) {
		verdict.Wait = max(verdict.Wait, r.retryAfter)
		if verdict.Wait > 0 {
			c.block(verdict.Wait)
		}
		return verdict
	}
	if failure != nil {
		return failure
	}
	return nil
}

// jsonOf encodes without HTML's escapes, as the vendors count bytes.
func jsonOf(value any) ([]byte, error) {
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// fitJSON shortens a text until the payload that is made of it has at most so
// many bytes.
func fitJSON(text string, limit int, payload func(string) any) string {
	return fit(text, func(text string) bool {
		body, err := jsonOf(payload(text))
		return err != nil || len(body) <= limit
	})
}

// fitBoth shortens a title, to a half of the limit at most, and the body below
// it. A character may take six bytes in JSON.
func fitBoth(title, body string, limit int, payload func(title, body string) any) (string, string) {
	title = fitJSON(cut(title, maxTitle), limit/2, func(title string) any { return payload(title, "") })
	return title, fitJSON(body, limit, func(body string) any { return payload(title, body) })
}

// limit is how much the vendor takes, or less where the config says so.
func (c *connection) limit(vendor int) int {
	if n, err := strconv.Atoi(c.spec.text("max_bytes", "")); err == nil && n > 0 && (n < vendor || vendor == 0) {
		return n
	}
	return vendor
}

// partial gathers what came of several recipients.
type partial struct {
	reached []string
	failure *DeliveryError
}

func (p *partial) add(to string, err error) {
	if err == nil {
		if to != "" {
			p.reached = append(p.reached, to)
		}
		return
	}
	failure := failureOf(err)
	if failure.Problem == "" {
		failure = &DeliveryError{Problem: err.Error()}
	}
	if to != "" {
		failure.Problem = to + ": " + failure.Problem
	}
	if p.failure == nil {
		p.failure = failure
		return
	}
	p.failure.Problem += "; " + failure.Problem
	p.failure.Permanent = p.failure.Permanent && failure.Permanent
	p.failure.Unsent = p.failure.Unsent && failure.Unsent
	p.failure.Wait = max(p.failure.Wait, failure.Wait)
}

func (p *partial) error() error {
	if p.failure == nil {
		return nil
	}
	p.failure.Reached = p.reached
	return p.failure
}
