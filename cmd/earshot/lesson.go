package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"earshot/bridge"
	"earshot/detector"
	"earshot/detector/ownword"
	"earshot/internal/server"
)

// wakeSamples is the part of a recording that its wake word is in: the 2 s that go before the wake instant, and the second after it, in which a
// score still rises. What is said later is not why it woke.
const wakeSamples = 3 * detector.SampleRate

// lesson finds out what a wake word makes of recordings, with models of its own: what listens is not disturbed.
type lesson struct {
	house             *house
	word              string
	now               server.Cutoffs
	meters            map[string]*detector.Meter // by the ids of the satellites
	deaf              bool                       // the word is told without speech embeddings
	correct, mistakes []ownword.Example
	made              *ownword.Verifier
}

// Lesson begins one.
func (h *house) Lesson(satellites []string, word string, now server.Cutoffs) (server.Lesson, error) {
	l := &lesson{house: h, word: word, now: now, meters: map[string]*detector.Meter{}}
	for _, id := range satellites {
		r := h.room(id)
		switch {
		case r == nil:
			return nil, server.ErrUnknownSatellite
		case r.configuredWord(word).Model == "":
			return nil, server.ErrUnknownWakeWord
		case r.models[word] == nil:
			return nil, server.Refusal("A wake engine on another machine listens for this wake word; what it makes of recordings is not known here.")
		}
		meter, err := detector.NewMeter(r.models[word])
		if err != nil {
			return nil, err
		}
		l.meters[id], l.deaf = meter, l.deaf || !r.models[word].Embeds()
	}
	return l, nil
}

// Hear measures a recording, and keeps what a verifier learns from if it counts as the word now.
func (l *lesson) Hear(satellite string, correct bool, pcm []int16) server.Cutoffs {
	meter, pcm := l.meters[satellite], pcm[:min(len(pcm), wakeSamples)]
	scores := meter.Measure(pcm)
	example := ownword.Example(meter.Around(pcm, scores, l.now.First, l.now.Second, ownword.Window))
	switch {
	case example == nil:
	case correct:
		l.correct = append(l.correct, example)
	default:
		l.mistakes = append(l.mistakes, example)
	}
	return server.Cutoffs{First: scores.First(l.now.Second), Second: scores.Second(l.now.First)}
}

// Verify makes a verifier.
func (l *lesson) Verify() (server.HeldOut, error) {
	if l.deaf {
		return server.HeldOut{}, server.Refusal("There can be no third opinion on this wake word, as it counts without a second look: add its openWakeWord model with `earshot models add`.")
	}
	bank, err := ownword.Negatives()
	if err != nil {
		return server.HeldOut{}, err
	}
	made, held, err := ownword.Verify(l.word, bank, l.correct, l.mistakes)
	if err != nil {
		return server.HeldOut{}, err
	}
	if l.made = made; made != nil {
		made.Network, made.Made = l.house.network.Load().Sum(), time.Now().UTC().Truncate(time.Second)
	}
	return server.HeldOut{
		Correct: held.Correct, CorrectLeft: held.CorrectLeft, Mistakes: held.Mistakes, MistakesLeft: held.MistakesLeft,
		Least: ownword.MinExamples, Better: held.Better(),
	}, nil
}

// Use stores the verifier, and has it asked at once.
func (l *lesson) Use(ctx context.Context) error {
	h := l.house
	h.verifying.Lock()
	defer h.verifying.Unlock()
	improve, err := h.history.Improve(ctx)
	if err != nil {
		return err
	}
	if !improve {
		return server.Refusal("Helping to improve the wake words was turned off meanwhile; no verifier was made.")
	}
	if err := writable(verifierDir(h.modelsDir)); err != nil {
		return server.Refusal(fmt.Sprintf("The verifier cannot be stored: %v. See that Earshot may write there, or set models.dir to a folder where it may.", err))
	}
	for id := range l.meters {
		r := h.room(id)
		if r == nil {
			continue // it was taken out of the configuration meanwhile
		}
		if err := l.made.Save(verifierPath(h.modelsDir, id, l.word)); err != nil {
			return err
		}
		if err := r.ears.setVerifier(l.word, l.made); err != nil {
			return err
		}
		h.log.Info().Str("satellite", id).Str("wake_word", l.word).Msg("a verifier made of this household's recordings is asked from now on")
	}
	return nil
}

// verifierDir is where the verifiers lie in a folder of models.
func verifierDir(models string) string { return filepath.Join(models, ownFolder, "verifier") }

// verifierPath is the file of one of them. Ids of satellites have no dots.
func verifierPath(models, satellite, word string) string {
	return filepath.Join(verifierDir(models), satellite+"."+word+ownEnding)
}

// DropVerifier removes the verifier of a wake word.
func (h *house) DropVerifier(id, word string) (dropped bool, err error) {
	h.verifying.Lock()
	defer h.verifying.Unlock()
	r := h.room(id)
	switch {
	case r == nil:
		return false, server.ErrUnknownSatellite
	case r.configuredWord(word).Model == "":
		return false, server.ErrUnknownWakeWord
	}
	err = os.Remove(verifierPath(h.modelsDir, id, word))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("remove a verifier: %w", err)
	}
	dropped = err == nil || r.ears.hasVerifier(word)
	if dropped {
		h.log.Info().Str("satellite", id).Str("wake_word", word).Msg("the verifier was removed")
	}
	return dropped, r.ears.setVerifier(word, nil)
}

// DropVerifiers removes all of them.
func (h *house) DropVerifiers() error {
	h.verifying.Lock()
	defer h.verifying.Unlock()
	for _, r := range h.all() {
		for _, w := range r.configured.WakeWords {
			if err := r.ears.setVerifier(w.Model, nil); err != nil {
				return err
			}
		}
	}
	return removeVerifiers(h.modelsDir)
}

// verifies tells whether any is asked.
func (h *house) verifies() bool {
	return slices.ContainsFunc(h.all(), func(r *room) bool {
		return slices.ContainsFunc(r.configured.WakeWords, func(w bridge.WakeWord) bool { return r.ears.hasVerifier(w.Model) })
	})
}

// removeVerifiers removes their files from a folder of models.
func removeVerifiers(models string) error {
	if err := os.RemoveAll(verifierDir(models)); err != nil {
		return fmt.Errorf("remove the verifiers: %w", err)
	}
	return nil
}

// restoreVerifiers has those of some rooms asked that were made before. Those that cannot be read, or not be used any more, are left out.
func (h *house) restoreVerifiers(ctx context.Context, rooms ...*room) {
	improve, err := h.history.Improve(ctx)
	if err == nil && !improve {
		err = removeVerifiers(h.modelsDir) // what a crash may have left
	}
	if err != nil {
		h.log.Error().Err(err).Msg("whether verifiers of wake words may be used is not known; none is")
	}
	if err != nil || !improve {
		return
	}
	network := h.network.Load()
	for _, r := range rooms {
		for _, w := range r.configured.WakeWords {
			v, err := ownword.LoadVerifier(verifierPath(h.modelsDir, r.id, w.Model))
			switch {
			case errors.Is(err, fs.ErrNotExist):
				continue
			case err == nil && (network == nil || v.Network != network.Sum()):
				err = errors.New("it was made for another speech embedding network")
			case err == nil:
				err = r.ears.setVerifier(w.Model, v)
			}
			if err != nil {
				h.log.Warn().Err(err).Str("satellite", r.id).Str("wake_word", w.Model).
					Msg("the verifier of this wake word cannot be used; the word counts without it. Make it again with `earshot tune --verifier`")
			}
		}
	}
}
