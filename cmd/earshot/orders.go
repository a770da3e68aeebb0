package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"earshot/bridge"
	"earshot/discovery"
	"earshot/history"
	"earshot/internal/server"
)

// The settings of a satellite that people change while it runs; each key goes on with the satellite's id, and that of the wake word.
const (
	thresholdSetting = "threshold/"
	secondSetting    = "second_threshold/"
	gainSetting      = "gain/"
	unheardSetting   = "unheard/"
	pipelineSetting  = "pipeline/"
)

// household is who changes what every microphone shares, in the access log.
const household = "Home Assistant"

// Obey carries out what a person asks for in Home Assistant.
func (h *house) Obey(ctx context.Context, o discovery.Order) error {
	if o.Kind == discovery.Improve {
		return h.setImprove(ctx, o.On)
	}
	r := h.room(o.Satellite)
	if r == nil {
		return server.ErrUnknownSatellite
	}
	defer h.markStale(func(other *room) bool { return other == r })
	switch o.Kind {
	case discovery.Mute:
		return h.SetMuted(ctx, r.id, o.On)
	case discovery.SaveSound:
		return h.setSave(ctx, r, saveSwitched(history.SaveAll, o.On))
	case discovery.SaveText:
		return h.switchText(ctx, r, o.On)
	case discovery.Keep:
		return h.keep(ctx, r, o.Choice)
	case discovery.Listen:
		return h.listenFor(ctx, r, o)
	case discovery.Threshold:
		return h.setThreshold(ctx, r, o)
	case discovery.Gain:
		if err := r.microphone.SetGain(o.Number); err != nil {
			return err
		}
		return h.remember(ctx, gainSetting+r.id, o.Number, r.configured.Microphone.GainDB)
	case discovery.SetAssistant:
		return h.choosePipeline(ctx, r, o.Choice)
	case discovery.TestHearing:
		return h.testHearing(ctx, r)
	default:
		return h.deleteByButton(ctx, r, o.Kind)
	}
}

// SetMuted closes or opens a satellite's microphone.
func (h *house) SetMuted(ctx context.Context, id string, muted bool) error {
	r := h.room(id)
	if r == nil {
		return server.ErrUnknownSatellite
	}
	h.log.Info().Str("satellite", id).Bool("muted", muted).Msg("microphone switched")
	return r.Satellite.SetMuted(ctx, muted)
}

// SetSaveRecordings turns storing off, or on again as it is configured.
func (h *house) SetSaveRecordings(ctx context.Context, id string, on bool) error {
	r := h.room(id)
	if r == nil {
		return server.ErrUnknownSatellite
	}
	save := h.history.DefaultSave()
	if save == history.SaveNothing {
		save = history.SaveAll
	}
	return h.setSave(ctx, r, saveSwitched(save, on))
}

func saveSwitched(save history.Save, on bool) history.Save {
	if !on {
		return history.SaveNothing
	}
	return save
}

// switchText saves at least the text, or nothing: there is no sound without its words.
func (h *house) switchText(ctx context.Context, r *room, on bool) error {
	save, err := h.history.Save(ctx, r.id)
	if err != nil || on && save == history.SaveAll {
		return err
	}
	return h.setSave(ctx, r, saveSwitched(history.SaveText, on))
}

func (h *house) setSave(ctx context.Context, r *room, save history.Save) error {
	if err := h.history.SetSave(ctx, r.id, save); err != nil {
		return err
	}
	h.log.Info().Str("satellite", r.id).Str("save", string(save)).Msg("saving switched; what is stored already stays")
	h.markStale(func(other *room) bool { return other == r })
	return nil
}

// keepAges are the ages that Keep recordings stands for.
var keepAges = map[string]history.Age{
	discovery.KeepForever: history.Never, discovery.Keep18Months: "18m", discovery.Keep3Months: "3m", discovery.Keep30Days: "30d",
	discovery.Keep7Days: "7d", discovery.Keep24Hours: "24h",
}

// keep changes how old every recording of a satellite gets, and saves again if nothing was saved.
func (h *house) keep(ctx context.Context, r *room, choice string) error {
	if choice == discovery.KeepNothing {
		return h.setSave(ctx, r, history.SaveNothing)
	}
	age := keepAges[choice]
	if err := h.history.SetRules(ctx, r.id, history.Rules{Understood: age, NotIntended: age, Failed: age}); err != nil {
		return err
	}
	h.log.Info().Str("satellite", r.id).Str("keep", choice).Msg("retention changed")
	h.mu.Lock()
	r.counted.keep = choice
	h.mu.Unlock()
	if save, err := h.history.Save(ctx, r.id); err != nil || save != history.SaveNothing {
		return err
	}
	return h.SetSaveRecordings(ctx, r.id, true)
}

// keepChoice is what Keep recordings shows for some rules, "" when none of its options says them.
func keepChoice(rules history.Rules) string {
	for choice, age := range keepAges {
		if rules == (history.Rules{Understood: age, NotIntended: age, Failed: age}) {
			return choice
		}
	}
	return ""
}

func (h *house) listenFor(ctx context.Context, r *room, o discovery.Order) error {
	r.ears.setActive(o.WakeWord, o.On)
	h.log.Info().Str("satellite", r.id).Str("wake_word", o.WakeWord).Bool("active", o.On).Msg("wake word switched")
	value := ""
	if !o.On {
		value = "on"
	}
	return h.history.SetSetting(ctx, unheardSetting+r.id+"/"+o.WakeWord, value)
}

func (h *house) setThreshold(ctx context.Context, r *room, o discovery.Order) error {
	if err := r.ears.setThreshold(o.WakeWord, o.Number); err != nil {
		return err
	}
	h.log.Info().Str("satellite", r.id).Str("wake_word", o.WakeWord).Float64("threshold", o.Number).Msg("threshold changed")
	return h.remember(ctx, thresholdSetting+r.id+"/"+o.WakeWord, o.Number, r.configuredWord(o.WakeWord).Threshold)
}

func (h *house) setSecondThreshold(ctx context.Context, r *room, word string, threshold float64) error {
	if err := r.ears.setSecondThreshold(word, threshold); err != nil {
		return err
	}
	h.log.Info().Str("satellite", r.id).Str("wake_word", word).Float64("second_threshold", threshold).Msg("threshold of the second look changed")
	return h.remember(ctx, secondSetting+r.id+"/"+word, threshold, r.configuredWord(word).SecondThreshold)
}

// SetWakeWord changes a wake word as a person has asked for over the services, in the way Home Assistant's entities do.
func (h *house) SetWakeWord(ctx context.Context, id, word string, change server.WakeWordChange) (server.WakeWord, error) {
	r := h.room(id)
	if r == nil {
		return server.WakeWord{}, server.ErrUnknownSatellite
	}
	if r.configuredWord(word).Model == "" {
		return server.WakeWord{}, server.ErrUnknownWakeWord
	}
	defer h.markStale(func(other *room) bool { return other == r })
	order := discovery.Order{Satellite: id, WakeWord: word}
	switch thresholds := change.Threshold != nil || change.SecondThreshold != nil; {
	case thresholds && r.engine != nil:
		return server.WakeWord{}, server.Refusal("The wake engine on the other machine decides the threshold of this wake word; set it there.")
	case change.SecondThreshold != nil && r.models[word].SecondLook() == "":
		return server.WakeWord{}, server.Refusal("This wake word counts without a second look, so there is no second_threshold; set threshold.")
	}
	if change.SecondThreshold != nil {
		if err := h.setSecondThreshold(ctx, r, word, *change.SecondThreshold); err != nil {
			return server.WakeWord{}, err
		}
	}
	if change.Threshold != nil {
		order.Number = *change.Threshold
		if err := h.setThreshold(ctx, r, order); err != nil {
			return server.WakeWord{}, err
		}
	}
	if change.Active != nil {
		order.On = *change.Active
		if err := h.listenFor(ctx, r, order); err != nil {
			return server.WakeWord{}, err
		}
	}
	return r.wakeWord(word), nil
}

// configuredWord is a word as it is configured, without a model for one that is not; its thresholds are 0 for the model's own.
func (r *room) configuredWord(word string) bridge.WakeWord {
	for _, w := range r.configured.WakeWords {
		if w.Model == word {
			return w
		}
	}
	return bridge.WakeWord{}
}

func (h *house) choosePipeline(ctx context.Context, r *room, name string) error {
	id := ""
	if name != discovery.AsConfigured {
		h.mu.Lock()
		i := slices.IndexFunc(h.pipelines, func(p pipeline) bool { return p.Name == name })
		if i >= 0 {
			id = h.pipelines[i].ID
		}
		h.mu.Unlock()
		if i < 0 {
			return errors.New("choose an assistant: Home Assistant has none of that name")
		}
	}
	h.setPipeline(r, id)
	return h.history.SetSetting(ctx, pipelineSetting+r.id, id)
}

func (h *house) setPipeline(r *room, id string) {
	r.SetPipeline(id)
	h.mu.Lock()
	r.assistant = id
	h.mu.Unlock()
}

func (h *house) setImprove(ctx context.Context, on bool) error {
	if err := h.history.SetImprove(ctx, household, on); err != nil {
		return err
	}
	if !on {
		if err := h.DropVerifiers(); err != nil {
			return err
		}
	}
	h.mu.Lock()
	h.hub.Improve = on
	h.mu.Unlock()
	h.log.Info().Bool("improve", on).Msg("helping to improve the wake words switched")
	h.showHub()
	return nil
}

// remember keeps a number that a person has chosen, and beside it what was configured then: who changes the configuration afterwards means it.
func (h *house) remember(ctx context.Context, key string, chosen, configured float64) error {
	return h.history.SetSetting(ctx, key, fmt.Sprintf("%v of %v", chosen, configured))
}

// remembered is a number that a person has chosen; ok is false when there is none, or the configuration has changed since.
func (h *house) remembered(ctx context.Context, key string, configured float64) (chosen float64, ok bool) {
	value, err := h.history.Setting(ctx, key)
	if err != nil {
		h.log.Error().Err(err).Msg("a setting cannot be read; the configuration is used")
	}
	number, then, found := strings.Cut(value, " of ")
	chosen, err = strconv.ParseFloat(number, 64)
	return chosen, found && err == nil && then == fmt.Sprint(configured)
}

// restore sets a satellite as people have left it.
func (h *house) restore(ctx context.Context, r *room) {
	var errs []error
	if gain, ok := h.remembered(ctx, gainSetting+r.id, r.configured.Microphone.GainDB); ok {
		errs = append(errs, r.microphone.SetGain(gain))
	}
	for _, w := range r.configured.WakeWords {
		unheard, err := h.history.Setting(ctx, unheardSetting+r.id+"/"+w.Model)
		if errs = append(errs, err); unheard != "" {
			r.ears.setActive(w.Model, false)
		}
		if threshold, ok := h.remembered(ctx, thresholdSetting+r.id+"/"+w.Model, w.Threshold); ok && r.engine == nil {
			errs = append(errs, r.ears.setThreshold(w.Model, threshold))
		}
		looks := r.ears.secondThreshold(w.Model) > 0
		if threshold, ok := h.remembered(ctx, secondSetting+r.id+"/"+w.Model, w.SecondThreshold); ok && looks {
			errs = append(errs, r.ears.setSecondThreshold(w.Model, threshold))
		}
	}
	id, err := h.history.Setting(ctx, pipelineSetting+r.id)
	h.setPipeline(r, id)
	if err := errors.Join(append(errs, err)...); err != nil {
		h.log.Error().Err(err).Str("satellite", r.id).Msg("not everything that was changed while it ran is as it was")
	}
}

// deleteByButton deletes what this microphone has recorded, for the household.
func (h *house) deleteByButton(ctx context.Context, r *room, kind discovery.Kind) error {
	period, known := map[discovery.Kind]string{discovery.DeleteToday: "today", discovery.DeleteWeek: "this_week", discovery.DeleteAll: "all"}[kind]
	which := history.Selection{Filter: history.Filter{Satellites: []string{r.id}}}
	var err error
	switch {
	case known:
		which.From, which.To, err = h.history.Calendar().Period(period, time.Now())
	case kind == discovery.DeleteLast:
		which, err = h.last(ctx, r)
	default:
		err = fmt.Errorf("carry out %q: it is not known", string(kind))
	}
	if err != nil {
		return err
	}
	receipt, err := h.history.Delete(ctx, "button, "+r.Status().Name, which)
	h.log.Info().Str("satellite", r.id).Str("button", string(kind)).Int("deleted", receipt.Deleted+receipt.InProgressDiscarded).
		Int("kept", receipt.KeptSkipped).Int("failed", receipt.FailedCount).Msg("recordings deleted")
	if err == nil && receipt.FailedCount > 0 {
		err = fmt.Errorf("delete recordings: %d could not be deleted", receipt.FailedCount)
	}
	return err
}

// last selects the newest command of a satellite, which may not be stored yet.
func (h *house) last(ctx context.Context, r *room) (history.Selection, error) {
	filter := history.Filter{Satellites: []string{r.id}}
	commands := filter
	commands.Outcomes = history.CommandOutcomes()
	page, err := h.history.List(ctx, history.Query{Filter: commands, Limit: 1})
	if err != nil {
		return history.Selection{}, err
	}
	ids := []string{}
	if len(page.Entries) > 0 {
		ids = append(ids, page.Entries[0].ID)
		filter.From = page.Entries[0].At.Add(time.Millisecond)
	}
	if r.Underway(filter.From) {
		return history.Selection{Filter: filter}, nil
	}
	return history.Selection{IDs: ids}, nil
}
