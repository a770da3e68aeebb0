package history

import (
	"context"
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

// deletionsLooked is how many lines of the access log are searched for the last deletion of each satellite.
const deletionsLooked = 2000

// LastDeletions tells when something of each satellite was last deleted, as far as the access log tells: it names no entries, so that a deletion
// of single ones counts for every satellite.
func (h *History) LastDeletions(ctx context.Context, satellites []string) (map[string]time.Time, error) {
	last := map[string]time.Time{}
	for before, looked := "", 0; len(last) < len(satellites) && looked < deletionsLooked; {
		lines, err := h.main.store.Accesses(ctx, before, accessLooked)
		if err != nil || len(lines) == 0 {
			return last, err
		}
		for _, a := range lines {
			var d deletion
			if a.Action != AccessDeleted || json.Unmarshal(a.Details, &d) != nil || d.Receipt.Deleted+d.Receipt.InProgressDiscarded == 0 {
				continue
			}
			for _, id := range satellites {
				if last[id].IsZero() && oneOf(d.Kind.Satellites, id) {
					last[id] = a.At
				}
			}
		}
		before, looked = lines[len(lines)-1].ID, looked+len(lines)
	}
	return last, nil
}
