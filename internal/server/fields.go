package server

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// fields declares what a command takes, in the manner of the flag package: each declaration returns where the value will be.
// The same declarations check what clients send and describe the command in services/list.
type fields struct {
	list       []*field
	aside      bool // carried out beside the commands that follow it, as it takes long; it must not subscribe
	unattended bool // may be asked without a connection: the answer holds counts and times only when call says so
}

// field is one key of a command.
type field struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"`
	Required    bool     `json:"required"`
	Description string   `json:"description"`
	Allowed     []string `json:"allowed,omitempty"`
	Minimum     *float64 `json:"minimum,omitempty"`
	Maximum     *float64 `json:"maximum,omitempty"`
	Fields      []*field `json:"fields,omitempty"` // of an object

	spoken bool // holds words of recordings
	take   func(raw json.RawMessage) (problem string)
}

// The bounds of what a field may hold, besides the size of a message.
const (
	maxText  = 1000 // bytes
	maxList  = 2000 // items
	maxCount = 1_000_000_000
)

func (f *fields) add(fl field) { f.list = append(f.list, &fl) }

// require makes fields that were declared mandatory.
func (f *fields) require(names ...string) {
	for _, fl := range f.list {
		fl.Required = fl.Required || slices.Contains(names, fl.Name)
	}
}

// spoken marks a field as holding words of recordings.
func (f *fields) spoken(name string) {
	for _, fl := range f.list {
		fl.spoken = fl.spoken || fl.Name == name
	}
}

// text declares a string that is not empty.
func (f *fields) text(name, description string) *string {
	value := new(string)
	f.add(field{Name: name, Type: "string", Description: description, take: func(raw json.RawMessage) string {
		if problem := takeText(raw, value); problem != "" || *value != "" {
			return problem
		}
		// An empty string would select everything where its sender meant one thing.
		return "is empty; leave it out instead"
	}})
	return value
}

func takeText(raw json.RawMessage, value *string) string {
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, value) != nil {
		return "a string is needed"
	}
	if len(*value) > maxText || strings.ContainsRune(*value, 0) || !utf8.ValidString(*value) {
		return fmt.Sprintf("at most %d bytes of text are taken", maxText)
	}
	return ""
}

// choice declares a string that is one of those allowed.
func (f *fields) choice(name string, allowed []string, description string) *string {
	value := new(string)
	f.add(field{Name: name, Type: "string", Allowed: allowed, Description: description, take: func(raw json.RawMessage) string {
		if takeText(raw, value) != "" || !slices.Contains(allowed, *value) {
			return "one of " + strings.Join(allowed, ", ") + " is needed"
		}
		return ""
	}})
	return value
}

// choices declares a list of strings that are among those allowed; nil when it was not sent.
func (f *fields) choices(name string, allowed []string, description string) *[]string {
	value := f.texts(name, description)
	fl := f.list[len(f.list)-1]
	fl.Allowed = allowed
	take := fl.take
	fl.take = func(raw json.RawMessage) string {
		if problem := take(raw); problem != "" {
			return problem
		}
		for _, v := range *value {
			if !slices.Contains(allowed, v) {
				return "each has to be one of " + strings.Join(allowed, ", ")
			}
		}
		return ""
	}
	return value
}

// texts declares a list of strings; nil when it was not sent.
func (f *fields) texts(name, description string) *[]string {
	value := new([]string)
	f.add(field{Name: name, Type: "list of strings", Description: description, take: func(raw json.RawMessage) string {
		var items []json.RawMessage
		if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &items) != nil {
			return "a list of strings is needed"
		}
		if len(items) > maxList {
			return fmt.Sprintf("at most %d items are taken at a time", maxList)
		}
		*value = make([]string, len(items))
		for i, item := range items {
			if problem := takeText(item, &(*value)[i]); problem != "" {
				return fmt.Sprintf("item %d: %s", i+1, problem)
			}
		}
		return ""
	}})
	return value
}

// number declares a whole number from low to high.
func (f *fields) number(name string, low, high int64, description string) *int64 {
	value := new(int64)
	minimum, maximum := float64(low), float64(high) // exact: no bound is larger than maxID
	f.add(field{Name: name, Type: "integer", Minimum: &minimum, Maximum: &maximum, Description: description, take: func(raw json.RawMessage) string {
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil || n < low || n > high {
			return fmt.Sprintf("a whole number from %d to %d is needed", low, high)
		}
		*value = n
		return ""
	}})
	return value
}

// decimal declares a number from low to high; low is more than 0, and 0 is what was not sent.
func (f *fields) decimal(name string, low, high float64, description string) *float64 {
	value := new(float64)
	f.add(field{Name: name, Type: "number", Minimum: &low, Maximum: &high, Description: description, take: func(raw json.RawMessage) string {
		n, err := strconv.ParseFloat(string(raw), 64)
		if err != nil || !(n >= low && n <= high) {
			return fmt.Sprintf("a number from %v to %v is needed", low, high)
		}
		*value = n
		return ""
	}})
	return value
}

// object declares an object with fields of its own; *sent tells whether it was there.
func (f *fields) object(name, description string, declare func(*fields)) (sent *bool) {
	var inner fields
	declare(&inner)
	sent = new(bool)
	spoken := slices.ContainsFunc(inner.list, func(fl *field) bool { return fl.spoken })
	f.add(field{Name: name, Type: "object", Description: description, Fields: inner.list, spoken: spoken, take: func(raw json.RawMessage) string {
		object, err := decodeObject(raw)
		if err != nil {
			return "an object without a key twice is needed"
		}
		*sent = true
		if err := inner.decode(name, object); err != nil {
			return err.Error()
		}
		return ""
	}})
	return sent
}

// count declares a whole number that may be 0; *count is nil when it was not sent.
func (f *fields) count(name, description string) **int64 {
	value := new(*int64)
	n := f.number(name, 0, maxCount, description)
	fl := f.list[len(f.list)-1]
	take := fl.take
	fl.take = func(raw json.RawMessage) string {
		*value = n
		return take(raw)
	}
	return value
}

// flag declares true or false; *flag is nil when it was not sent.
func (f *fields) flag(name, description string) **bool {
	value := new(*bool)
	f.add(field{Name: name, Type: "boolean", Description: description, take: func(raw json.RawMessage) string {
		if s := string(raw); s != "true" && s != "false" {
			return "true or false is needed"
		}
		b := string(raw) == "true"
		*value = &b
		return ""
	}})
	return value
}

// instant declares a time with its offset; the zero time when it was not sent.
func (f *fields) instant(name, description string) *time.Time {
	value := new(time.Time)
	f.add(field{Name: name, Type: "time", Description: description, take: func(raw json.RawMessage) string {
		var s string
		err := error(nil)
		if takeText(raw, &s) == "" {
			*value, err = time.Parse(time.RFC3339, s)
		}
		// The zero time means an open side, so nobody may name it.
		if s == "" || err != nil || value.Year() < 1 || value.IsZero() {
			return "a time with its offset is needed, like 2026-03-01T08:00:00+01:00"
		}
		return ""
	}})
	return value
}

// decode fills what was declared. Every key must be one that was, and of its type.
func (f *fields) decode(command string, sent map[string]json.RawMessage) error {
	taken := 0
	for _, fl := range f.list {
		raw, there := sent[fl.Name]
		if !there {
			if fl.Required {
				return invalidFormat(fl.Name + ": is missing")
			}
			continue
		}
		taken++
		if problem := fl.take(raw); problem != "" {
			return invalidFormat(fl.Name + ": " + problem)
		}
	}
	if taken < len(sent) {
		return f.unknown(command, sent)
	}
	return nil
}

// unknown names a key that was not declared: the same one each time when there are several.
func (f *fields) unknown(command string, sent map[string]json.RawMessage) error {
	var unknown, known []string
	for _, fl := range f.list {
		known = append(known, fl.Name)
	}
	for key := range sent {
		if !slices.Contains(known, key) {
			unknown = append(unknown, key)
		}
	}
	key := shorten(slices.Min(unknown))
	if len(known) == 0 {
		return invalidFormat(fmt.Sprintf("%q: is not known; %s takes nothing", key, command))
	}
	return invalidFormat(fmt.Sprintf("%q: is not known; %s takes %s", key, command, strings.Join(known, ", ")))
}

// shorten keeps what a client sent from filling an error message.
func shorten(s string) string {
	if utf8.RuneCountInString(s) <= 40 {
		return s
	}
	return string([]rune(s)[:40]) + "…"
}
