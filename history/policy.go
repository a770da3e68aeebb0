package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Never is the age of recordings that only a person deletes.
const Never Age = "never"

// cutoff is the instant before which something is too old; ok is false where nothing ever is.
func (a Age) cutoff(now time.Time) (t time.Time, ok bool) {
	if a == Never {
		return time.Time{}, false
	}
	t, err := a.before(now)
	return t, err == nil
}

// Rules says how old recordings get, by what became of them.
type Rules struct {
	Understood  Age `yaml:"understood" json:"understood"`     // understood, not understood, recorded, samples
	NotIntended Age `yaml:"not_intended" json:"not_intended"` // not intended, elsewhere, cancelled, near misses
	Failed      Age `yaml:"failed" json:"failed"`
}

// class is the outcomes that a rule is about.
type class struct {
	age      Age
	outcomes []Outcome
}

func (r Rules) classes() []class {
	return []class{
		{r.Understood, []Outcome{Understood, NotUnderstood, Recorded, Sample}},
		{r.NotIntended, []Outcome{NotIntended, Elsewhere, Cancelled, NearMiss}},
		{r.Failed, []Outcome{Failed}},
	}
}

// problems names every rule that is wrong.
func (r Rules) problems() map[string]string {
	wrong := map[string]string{}
	for key, age := range map[string]Age{"understood": r.Understood, "not_intended": r.NotIntended, "failed": r.Failed} {
		if age == Never {
			continue
		}
		if _, err := age.before(time.Now()); err != nil {
			wrong[key] = fmt.Sprintf("%q is not an age; write it like 12h, 90d, 2w, 18m (months), 1y, or never", string(age))
		}
	}
	return wrong
}

// Limits bounds the whole history: when it is passed, the oldest recordings go.
type Limits struct {
	MaxMegabytes int64 `yaml:"max_megabytes" json:"max_megabytes"` // of clips; 0: no limit
	MaxEntries   int64 `yaml:"max_entries" json:"max_entries"`     // 0: no limit
	MinKeep      int64 `yaml:"min_keep" json:"min_keep"`           // so many of the newest stay whatever the two above say
}

// problems names every limit that is wrong.
func (l Limits) problems() map[string]string {
	wrong := map[string]string{}
	for key, n := range map[string]int64{"max_megabytes": l.MaxMegabytes, "max_entries": l.MaxEntries, "min_keep": l.MinKeep} {
		if n < 0 || n > 1_000_000_000 {
			wrong[key] = fmt.Sprintf("%d is not a limit; use 0 for none", n)
		}
	}
	return wrong
}

// The keys of what was switched while the program ran. Those of a satellite end with its id.
const (
	saveSetting      = "save/"
	rulesSetting     = "retention/"
	limitsSetting    = "limits"
	improveSetting   = "improve"
	retentionSetting = "retention" // when it last ran, and what it did
)

// Save tells what is stored of a satellite's recordings.
func (h *History) Save(ctx context.Context, satellite string) (Save, error) {
	h.mu.Lock()
	save, known := h.saves[satellite]
	h.mu.Unlock()
	if !known {
		value, err := h.local().Setting(ctx, saveSetting+satellite)
		if err != nil {
			return "", err
		}
		if save = Save(value); !save.Valid() {
			save = ""
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if changed, known := h.saves[satellite]; known {
			save = changed // while the store was asked
		}
		h.saves[satellite] = save
	}
	if save == "" {
		save = h.DefaultSave()
	}
	return save, nil
}

// SetSave changes what is stored of a satellite's recordings from now on, and remembers it on this machine: it has to work while a shared
// history is away. What is stored already stays.
func (h *History) SetSave(ctx context.Context, satellite string, save Save) error {
	if !save.Valid() {
		return fmt.Errorf("change what is saved: %q is not known; use audio+text, text or nothing", save)
	}
	if err := h.local().SetSetting(ctx, saveSetting+satellite, string(save)); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.saves[satellite] = save
	return nil
}

// DefaultSave is what is stored of a satellite for which nothing was switched.
func (h *History) DefaultSave() Save { return h.defaults.Load().save }

// defaults are what the configuration says where nothing was switched while the program ran.
type defaults struct {
	save      Save
	retention RetentionConfig
}

// SetDefaults changes what is stored, and for how long, where nothing was switched while the program ran, from now on. What is stored already stays
// until the next run of the retention. Both are as Config.Validate allows them.
func (h *History) SetDefaults(save Save, retention RetentionConfig) {
	h.defaults.Store(&defaults{save, retention})
	h.wake()
	select {
	case h.retimed <- struct{}{}:
	default:
	}
}

// Rules tells how old a satellite's recordings get.
func (h *History) Rules(ctx context.Context, satellite string) (Rules, error) {
	r := h.defaults.Load().retention.Rules
	_, err := h.remembered(ctx, rulesSetting+satellite, &r)
	return r, err
}

// SetRules changes how old a satellite's recordings get, and remembers it. Its error names what is wrong. The next run goes by it.
func (h *History) SetRules(ctx context.Context, satellite string, r Rules) error {
	for key, problem := range r.problems() {
		return fmt.Errorf("%s: %s", key, problem)
	}
	return h.remember(ctx, rulesSetting+satellite, r)
}

// Limits tells what bounds the whole history.
func (h *History) Limits(ctx context.Context) (Limits, error) {
	l := h.defaults.Load().retention.Limits
	_, err := h.remembered(ctx, limitsSetting, &l)
	return l, err
}

// SetLimits changes what bounds the whole history, remembers it, and has what is too much deleted soon.
func (h *History) SetLimits(ctx context.Context, l Limits) error {
	for key, problem := range l.problems() {
		return fmt.Errorf("%s: %s", key, problem)
	}
	if err := h.remember(ctx, limitsSetting, l); err != nil {
		return err
	}
	h.wake()
	return nil
}

// remembered reads a setting into a value, which stays as it is when there is none.
func (h *History) remembered(ctx context.Context, key string, value any) (there bool, err error) {
	text, err := h.main.store.Setting(ctx, key)
	if err != nil || text == "" {
		return false, err
	}
	if err := json.Unmarshal([]byte(text), value); err != nil {
		return false, fmt.Errorf("read setting %s: %w", key, errors.New("it is not one of ours"))
	}
	return true, nil
}

func (h *History) remember(ctx context.Context, key string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("remember setting %s: %w", key, err)
	}
	return h.main.store.SetSetting(ctx, key, string(data))
}
