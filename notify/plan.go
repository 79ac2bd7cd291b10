package notify

import "time"

// Plan is what routes decide for one alarm.
type Plan struct {
	Deliveries []PlannedDelivery
	Receivers  []string // of all deliveries, in order; what is recorded
	Frequency  string
	Action     Action
	Until      time.Time // the end of a hold
	Reason     string    // of a hold or a drop, for people
}

// PlannedDelivery names the channel that brings an alarm to some receivers.
type PlannedDelivery struct {
	Channel   string   `json:"channel"`
	Receivers []string `json:"receivers"`
}

// Action is what is done with an alarm.
type Action string

// The actions of routes and quiet hours.
const (
	ActionSend Action = "send"
	ActionHold Action = "hold"
	ActionDrop Action = "drop"
)
