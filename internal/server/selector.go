package server

import (
	"errors"
	"time"

	"earshot/history"
)

// filterFields are the fields of every command that is about some entries.
type filterFields struct {
	span
	satellite, outcome, wakeWord, label     *string
	satellites, outcomes, wakeWords, labels *[]string
	text                                    *string
	kept, shared                            **bool
}

func declareFilter(f *fields) filterFields {
	labels := []string{string(history.LabelCorrect), string(history.LabelMistake)}
	ff := filterFields{
		span:       declareSpan(f),
		satellite:  f.text("satellite", "only of this satellite"),
		satellites: f.texts("satellites", "only of these satellites"),
		outcome:    f.choice("outcome", outcomeNames(), "only with this outcome"),
		outcomes:   f.choices("outcomes", outcomeNames(), "only with one of these outcomes"),
		wakeWord:   f.text("wake_word", "only after this wake word, by the id of its model"),
		wakeWords:  f.texts("wake_words", "only after one of these wake words"),
		text:       f.text("text", "only with this text in transcript or reply, letter case ignored"),
		label:      f.choice("label", labels, "only with this label"),
		labels:     f.choices("labels", labels, "only with one of these labels"),
		kept:       f.flag("kept", "only those that are kept, or only those that are not"),
		shared:     f.flag("shared", "only those that help to improve the wake words, or only those that do not"),
	}
	f.spoken("text")
	return ff
}

// filter is what was sent, as the history takes it.
func (ff filterFields) filter(now time.Time, cal history.Calendar) (history.Filter, error) {
	from, to, err := ff.bounds(now, cal)
	out := history.Filter{From: from, To: to, Text: *ff.text, Kept: *ff.kept, Shared: *ff.shared}
	if err != nil {
		return out, err
	}
	for _, l := range []struct {
		name string
		list []string
	}{{"satellites", *ff.satellites}, {"outcomes", *ff.outcomes}, {"wake_words", *ff.wakeWords}, {"labels", *ff.labels}} {
		if l.list != nil && len(l.list) == 0 {
			// An empty list would select everything where its sender meant nothing.
			return out, invalidFormat(l.name + ": at least one is needed, or leave it out for all")
		}
	}
	out.Satellites = together[string](*ff.satellite, *ff.satellites)
	out.Outcomes = together[history.Outcome](*ff.outcome, *ff.outcomes)
	out.WakeWords = together[string](*ff.wakeWord, *ff.wakeWords)
	out.Labels = together[history.Label](*ff.label, *ff.labels)
	return out, nil
}

// given tells whether anything was sent that restricts, or that says all.
func (ff filterFields) given() bool {
	return ff.span.given() || *ff.satellite+*ff.outcome+*ff.wakeWord+*ff.label+*ff.text != "" ||
		len(*ff.satellites)+len(*ff.outcomes)+len(*ff.wakeWords)+len(*ff.labels) > 0 || *ff.kept != nil || *ff.shared != nil
}

// together is one value and a list of them.
func together[T ~string](one string, list []string) []T {
	var out []T
	if one != "" {
		out = append(out, T(one))
	}
	for _, v := range list {
		out = append(out, T(v))
	}
	return out
}

// selectorFields are the fields of every command that is about a deletion.
type selectorFields struct {
	filterFields
	ids         *[]string
	what        *string
	includeKept **bool
}

func declareSelector(f *fields) selectorFields {
	return selectorFields{
		filterFields: declareFilter(f),
		ids:          f.texts("ids", "only the entries with these ids"),
		what:         f.choice("what", []string{string(history.WhatAll), string(history.WhatAudio), string(history.WhatText)}, "what of them goes; all when it is left out"),
		includeKept:  f.flag("include_kept", "delete kept entries too"),
	}
}

func (sf selectorFields) selection(now time.Time, cal history.Calendar) (history.Selection, error) {
	filter, err := sf.filter(now, cal)
	return history.Selection{Filter: filter, IDs: *sf.ids, What: history.What(*sf.what), IncludeKept: isTrue(*sf.includeKept)}, err
}

// given tells whether anything was sent that says which entries.
func (sf selectorFields) given() bool { return sf.filterFields.given() || *sf.ids != nil }

// matchFields are the entries that a change is about: by their ids, or those that a filter matches.
type matchFields struct {
	ids    *[]string
	sent   *bool
	filter filterFields
}

func declareMatch(f *fields) (m matchFields) {
	m.ids = f.texts("ids", "ids of the entries")
	m.sent = f.object("match", "instead of ids: every entry that these fields match, as in history/list; period all for every one", func(inner *fields) {
		m.filter = declareFilter(inner)
	})
	return m
}

func (m matchFields) selection(now time.Time, cal history.Calendar) (history.Selection, error) {
	switch {
	case (*m.ids != nil) == *m.sent:
		return history.Selection{}, invalidFormat("ids: send either ids or match")
	case *m.sent && !m.filter.given():
		// Nobody may change everything by leaving something out.
		return history.Selection{}, invalidFormat("match: say a period, from and to, or another filter; nothing was changed")
	}
	filter, err := m.filter.filter(now, cal)
	var known *commandError
	if errors.As(err, &known) {
		err = invalidFormat("match: " + known.Message + "; nothing was changed")
	}
	return history.Selection{Filter: filter, IDs: *m.ids}, err
}
