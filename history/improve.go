package history

import (
	"context"
	"errors"
)

// ImproveDisclaimer says to people what helping to improve the wake words means.
const ImproveDisclaimer = "Recordings that you mark as a mistake or as correct are kept, beyond their usual age, as examples to tune your wake words with. " +
	"They stay on this machine; they leave it only in an export that you make yourself. When you turn this off, or delete a recording, it is no example any more. " +
	"Turning this off also removes the verifiers that were made of examples; deleting a recording does not."

// ErrNotImproving is returned when an entry is to be put into the improvement set of a household that has none.
var ErrNotImproving = errors.New("helping to improve the wake words is off")

const settingOn = "on"

// Improve tells whether marked recordings are kept as examples. It is off until somebody turns it on.
func (h *History) Improve(ctx context.Context) (bool, error) {
	value, err := h.main.store.Setting(ctx, improveSetting)
	return value == settingOn, err
}

// SetImprove turns it on or off. Off dissolves the set: its recordings are recordings like others again, and go when they are too old.
func (h *History) SetImprove(ctx context.Context, by string, on bool) error {
	if on {
		return errors.Join(h.main.store.SetSetting(ctx, improveSetting, settingOn), h.Note(ctx, Access{Who: by, Action: AccessChanged}))
	}
	if err := h.main.store.SetSetting(ctx, improveSetting, ""); err != nil {
		return err
	}
	yes, no := true, false
	n, err := h.change(ctx, Selection{Filter: Filter{Shared: &yes}}, Update{Shared: &no})
	return errors.Join(err, h.Note(ctx, Access{Who: by, Action: AccessChanged, Entries: int64(n)}))
}
