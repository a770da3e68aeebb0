package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"earshot/detector"
	"earshot/detector/ownword"
	"earshot/history"
	"earshot/internal/audio"
	"earshot/internal/server"
)

const (
	sampleTime  = 8 * time.Second // how long the word may take to come, and to be said
	sampleQueue = 200             // frames
	wordLength  = 3 * audio.SampleRate
)

// sampleEnds is when somebody has said a word: sooner than a command is over.
func sampleEnds() detector.EndpointConfig {
	return detector.EndpointConfig{
		Speech: 130 * time.Millisecond, Silence: 600 * time.Millisecond, Minimum: 700 * time.Millisecond, NoSpeech: sampleTime - time.Second, Maximum: sampleTime,
	}
}

// Enroll begins a wake word that is made from what people say to a satellite.
func (h *house) Enroll(_ context.Context, id, phrase string, replace bool) (server.Enrolment, error) {
	if h.room(id) == nil {
		return nil, server.ErrUnknownSatellite
	}
	word, err := newOwnWord(h.modelsDir, phrase, replace)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background()) // it outlives the command that begins it, and Close ends it
	return &enrolment{house: h, satellite: id, word: word, ctx: ctx, stop: stop}, nil
}

// ownWord is a word of the household's own that is being made, and where it will lie.
type ownWord struct {
	*ownword.Lesson
	id, path string
}

// newOwnWord begins a word in a folder of models. What people can do something about is a Refusal.
func newOwnWord(dir, phrase string, replace bool) (*ownWord, error) {
	phrase = strings.TrimSpace(phrase)
	if err := ownword.CheckPhrase(phrase); err != nil {
		return nil, server.Refuse(err)
	}
	w := &ownWord{id: wordID(phrase)}
	if w.path = ownPath(dir, w.id); !replace {
		if _, err := os.Stat(w.path); err == nil {
			return nil, server.Refusal(fmt.Sprintf("There is a wake word %s of your own already; say that it is to be replaced, or delete %s.", w.id, w.path))
		}
	}
	if err := writable(filepath.Dir(w.path)); err != nil {
		return nil, server.Refusal(fmt.Sprintf("The word cannot be stored: %v. See that Earshot may write there, or set models.dir to a folder where it may.", err))
	}
	network := newWakeModels(dir)
	if err := network.loadNetwork(); err != nil {
		return nil, server.Refuse(err)
	}
	bank, err := ownword.Negatives()
	if err != nil {
		return nil, err
	}
	if network.network.Sum() != bank.Network {
		return nil, server.Refusal(fmt.Sprintf("The network %s is not the one that words are made with; fetch it with `make models`.", embeddingFile))
	}
	trainer, err := ownword.NewTrainer(network.network, bank, ownword.Config{})
	if err != nil {
		return nil, err
	}
	w.Lesson, err = trainer.NewLesson(phrase)
	return w, err
}

// writable makes a folder that only the owner may read, unless it is there, and tells whether files can be made in it.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".try-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// wordID is what a word is called in the configuration and in file names: computer for "Computer!", hore for "Höre".
func wordID(phrase string) string {
	accents := func(r rune) bool { return unicode.Is(unicode.Mn, r) }
	phrase = strings.Join(strings.FieldsFunc(norm.NFD.String(phrase), accents), "")
	id := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(phrase), "_"), "_")
	return cmp.Or(id, "own_word") // a word without a letter of a to z
}

// make makes the word and stores it.
func (w *ownWord) make() (server.OwnWord, error) {
	word, err := w.Word()
	if err != nil {
		return server.OwnWord{}, server.Refuse(err)
	}
	word.Made = time.Now().UTC().Truncate(time.Second)
	if err := word.Save(w.path); err != nil {
		return server.OwnWord{}, err
	}
	x := word.Expected
	made := server.OwnWord{
		ID: w.id, Threshold: word.Cutoff, Samples: x.Samples, FalseAccepts: x.FalseAccepts, MissedQuiet: x.MissedQuiet, MissedNoise: x.MissedNoise,
	}
	for _, i := range w.Unlike() {
		made.Unlike = append(made.Unlike, i+1)
	}
	return made, nil
}

// enrolment is one for the services.
type enrolment struct {
	house     *house
	satellite string
	ctx       context.Context // ends with it
	stop      context.CancelFunc

	mu      sync.Mutex // held while something is done
	word    *ownWord
	samples []history.Recording // one for each of the lesson
	kept    int                 // of them are in the history, the first ones
}

// begin takes e.mu, unless something is being done or all is over.
func (e *enrolment) begin() error {
	if !e.mu.TryLock() {
		return server.Refusal("A recording is being made, or the word is; wait for the end of that.")
	}
	if err := e.ctx.Err(); err != nil {
		e.mu.Unlock()
		return err
	}
	return nil
}

// WakeWord is the id that the word will have.
func (e *enrolment) WakeWord() string { return e.word.id }

// Wants is how many recordings it takes, and how many it should be made from.
func (e *enrolment) Wants() (least, good int) { return ownword.MinSamples, ownword.GoodSamples }

// Record listens until somebody has said the word. Meanwhile the satellite listens for no other.
func (e *enrolment) Record(ctx context.Context) (server.Sample, error) {
	if err := e.begin(); err != nil {
		return server.Sample{}, err
	}
	defer e.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.ctx, cancel)()
	r := e.house.room(e.satellite)
	if r == nil {
		return server.Sample{}, server.Refusal("The satellite was taken out of the configuration.")
	}
	trial, err := r.Try(sampleTime + time.Second)
	if err != nil {
		return server.Sample{}, refusal(err)
	}
	defer trial.Close()
	pcm, err := recordSample(ctx, r.microphone, r.newEndpointer(sampleEnds()))
	if err != nil {
		return server.Sample{}, err
	}
	length := time.Duration(len(pcm)) * time.Second / audio.SampleRate
	at := time.Now().Add(-length)
	sound, err := e.word.Add(pcm)
	if err != nil {
		return server.Sample{}, server.Refuse(err)
	}
	e.samples = append(e.samples, history.Recording{PCM: pcm, Entry: history.Entry{
		Satellite: r.id, Area: r.configured.Area, At: at, Duration: length, WakeWord: e.word.id, Outcome: history.Sample,
	}})
	return server.Sample{Number: len(e.samples), Length: length, LevelDBFS: sound.LevelDBFS, NoiseDBFS: sound.NoiseDBFS, Clipped: sound.Clipped}, nil
}

// recordSample returns what is said once, from some time before it on. What nobody can learn from is a Refusal.
func recordSample(ctx context.Context, microphone *audio.Microphone, endpointer *detector.Endpointer) ([]int16, error) {
	reader := microphone.Subscribe("recording of a wake word", sampleQueue)
	defer reader.Close()
	var pcm []int16
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case frame, ok := <-reader.C():
			if !ok {
				return nil, server.Refusal("The microphone has ended.")
			}
			if frame.Restart && len(pcm) > 0 {
				return nil, server.Refusal("The microphone was interrupted; say the word again.")
			}
			pcm = append(pcm, frame.PCM[:]...)
			switch endpointer.Process(frame.PCM[:]) {
			case detector.Ended:
				return pcm[max(0, len(pcm)-wordLength):], nil
			case detector.NoSpeech:
				return nil, server.Refusal("Nobody has said anything; say the word a little louder, or nearer to the microphone.")
			case detector.TooLong:
				return nil, server.Refusal("Somebody went on talking; say only the word, and then nothing for a second.")
			}
		}
	}
}

// Undo takes back the newest recording.
func (e *enrolment) Undo() (left int, err error) {
	if err := e.begin(); err != nil {
		return 0, err
	}
	defer e.mu.Unlock()
	e.word.Remove()
	e.samples = e.samples[:e.word.Samples()]
	e.kept = min(e.kept, len(e.samples))
	return len(e.samples), nil
}

// Finish makes the word.
func (e *enrolment) Finish(ctx context.Context, keep bool) (server.OwnWord, error) {
	if err := e.begin(); err != nil {
		return server.OwnWord{}, err
	}
	defer e.mu.Unlock()
	made, err := e.word.make()
	if err != nil {
		return server.OwnWord{}, err
	}
	e.house.log.Info().Str("wake_word", made.ID).Int("recordings", made.Samples).Msg("a wake word was made")
	for keep && e.kept < len(e.samples) {
		_, err := e.house.history.Add(ctx, e.samples[e.kept])
		if errors.Is(err, history.ErrNotSaved) {
			break
		}
		if err != nil {
			return made, fmt.Errorf("keep the recordings of wake word %q: %w", made.ID, err)
		}
		e.kept++
	}
	made.Kept = e.kept
	return made, nil
}

// Close forgets the recordings.
func (e *enrolment) Close() {
	e.stop()
	e.mu.Lock() // what is being done ends at once, or is the making of the word, which has them all
	defer e.mu.Unlock()
	clear(e.samples)
	e.samples, e.word.Lesson = nil, nil
}
