package host

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// envelope is what the Functions host posts for an invocation. Metadata of timers and of an invocation by hand has less in it.
type envelope struct {
	Data     map[string]json.RawMessage
	Metadata map[string]json.RawMessage
}

func decodeEnvelope(body []byte) (envelope, error) {
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return envelope{}, fmt.Errorf("invocation is not the JSON of the Functions host: %w", err)
	}
	return e, nil
}

// value returns the trigger's value.
func (e envelope) value(input string) (json.RawMessage, error) {
	value, ok := e.Data[input]
	if !ok {
		return nil, fmt.Errorf("invocation has no Data.%s, which function.json names", input)
	}
	return value, nil
}

// message is the bytes of a queue message. dataType binary comes as plain base64. Text comes as a JSON string within a JSON
// string, and is what it says after exactly one more unquoting; anything else is taken as it is.
func message(value json.RawMessage) []byte {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return value // an object: not of this Functions host, but clear
	}
	var inner string
	if strings.HasPrefix(text, `"`) && json.Unmarshal([]byte(text), &inner) == nil {
		return []byte(inner)
	}
	if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
		return plain
	}
	return []byte(text)
}

// tries is the message's DequeueCount, 0 if it has none. For the log only: a message that is not binary can forge it.
func (e envelope) tries() int {
	digits := strings.Trim(string(e.Metadata["DequeueCount"]), `"\`)
	n, _ := strconv.Atoi(digits)
	return n
}

// inserted is when the message was put on its queue, the zero time if that is not said.
func (e envelope) inserted() time.Time {
	var text string
	if json.Unmarshal(e.Metadata["InsertionTime"], &text) != nil {
		return time.Time{}
	}
	inserted, _ := parseTime(text)
	return inserted
}

// Turn is the payload of a timer function.
type Turn struct {
	Slot    time.Time `json:"slot"`    // the occurrence of the schedule that is run, UTC
	PastDue bool      `json:"pastDue"` // the slot passed while nobody ran it
}

func (t Turn) encode() []byte {
	text, err := json.Marshal(t)
	if err != nil {
		panic(err) // a time of this era always marshals
	}
	return text
}

// timerInfo is a timer's value. ScheduleStatus is null for an invocation by hand.
type timerInfo struct {
	ScheduleStatus *struct{ Next string }
	IsPastDue      bool
}

// early is how much before its time the Functions host's timer may fire.
const early = time.Second

// turn says which slot a timer runs: the latest at or before now, in every host, however many were missed. A Next that is
// about to come is the slot of a timer that fired a little early.
func turn(value json.RawMessage, schedule Schedule, now time.Time) (Turn, error) {
	var info timerInfo
	if err := json.Unmarshal(value, &info); err != nil {
		return Turn{}, fmt.Errorf("timer's value: %w", err)
	}
	if info.ScheduleStatus != nil && info.ScheduleStatus.Next != "" {
		next, err := parseTime(info.ScheduleStatus.Next)
		if err != nil {
			return Turn{}, fmt.Errorf("timer's ScheduleStatus.Next: %w", err)
		}
		if next.After(now) && next.Sub(now) <= early {
			now = next
		}
	}
	return Turn{schedule.Last(now), info.IsPastDue}, nil
}

// parseTime reads a time of the Functions host: with an offset, Z or neither, which is UTC.
func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New(strconv.Quote(s) + " is no time")
}
