package history

import (
	"encoding/json"
	"time"
)

// Access is a line of the access log: who did what to how many recordings, and never what is in them. It holds no id of an entry.
type Access struct {
	ID      string // ULID; of a deletion it is the id of its receipt
	At      time.Time
	Who     string // a token's name, a person, "voice" with the satellite, "MQTT", "retention"
	Action  string // one of the words below
	Entries int64
	Stored  int64           // bytes of the clips
	Details json.RawMessage // what kind of request it was, and its receipt; nil when there is nothing to say
}

// What was done, for Access.Action.
const (
	AccessPlayed   = "played"
	AccessExported = "exported"
	AccessDeleted  = "deleted"
	AccessChanged  = "changed" // kept, labels, what is saved, retention
)
