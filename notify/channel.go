package notify

import (
	"context"
	"time"
)

// Channel is one way to reach people: a mail server, a chat, the site's own command. It sends an alarm once, and holds
// itself to the vendor's limits of size; trying again is the dispatcher's, and so is the rate, which is kept around it.
// It may be called concurrently, and must return soon after ctx ends.
type Channel interface {
	Deliver(ctx context.Context, d *Delivery) error
}

// Delivery is an alarm and those whom one channel is to bring it to.
type Delivery struct {
	Alarm *Alarm
	To    []Recipient
	// Note is put below the message, such as that it is for somebody who has no address here; "" for none.
	Note string
}

// Recipient is a receiver as one channel knows it.
type Recipient struct {
	Name    string `json:"name"`              // as in the alarm
	Address string `json:"address,omitempty"` // the account on the channel; "" where the name is all that is known
}

// DeliveryError says why a channel did not deliver. Its text never contains a secret, nor the URL that holds one.
type DeliveryError struct {
	Problem string
	// Permanent: the same request fails again, as with wrong credentials. It is not tried again by itself.
	Permanent bool
	// Wait is what the other side asks for before the next attempt; 0 where it does not say.
	Wait time.Duration
	// Unreachable: the other side gave no answer, so that other alarms need not be tried now.
	Unreachable bool
	// Reached names those of several recipients who have got it all the same.
	Reached []string
	// Unsent: no request was made, as where the channel's rate is used up. It is no attempt.
	Unsent bool
}

func (e *DeliveryError) Error() string { return e.Problem }

// ChannelSpec is a channel as the config describes it, before its settings were checked and secrets were read.
type ChannelSpec struct {
	Name     string
	Type     string // see ChannelTypes
	Settings map[string]SettingValue
}

// SettingValue is the value of one key: a text, a list of texts, or pairs; the form that is not used is nil.
type SettingValue struct {
	Text  string
	List  []string
	Pairs [][2]string
}

// SettingProblem is a fault of a channel's settings, for the config's reader to report with file and line.
type SettingProblem struct {
	Key     string // "" for the channel as a whole
	Problem string // what is wrong; never repeats a secret
	Hint    string // what would be right
}

// errNobody is given where a channel has nobody to send an alarm to: it must not
// count as delivered.
func errNobody(d *Delivery) error {
	problem := "nobody has an account on it"
	if d.Note != "" {
		problem += " " + d.Note
	}
	return &DeliveryError{Problem: problem, Permanent: true}
}
