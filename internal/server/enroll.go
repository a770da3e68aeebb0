package server

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"earshot/history"
)

// Enroller makes wake words of the household's own.
type Enroller interface {
	// Enroll begins a word that is made from what people say to a satellite. An id that is not configured is an ErrUnknownSatellite; what keeps it
	// from being begun, such as a word of that name where it is not to be replaced, is a Refusal.
	Enroll(ctx context.Context, satellite, phrase string, replace bool) (Enrolment, error)
}

// Enrolment is a word that is being made. Only one of its methods does something at a time: the others are a Refusal meanwhile.
type Enrolment interface {
	// WakeWord is the id that the word will have.
	WakeWord() string
	// Wants is how many recordings it takes, and how many it should be made from.
	Wants() (least, good int)
	// Record listens until somebody has said the word. A Refusal says why what was heard, if anything, is of no use.
	Record(ctx context.Context) (Sample, error)
	// Undo takes back the newest recording and returns how many are left.
	Undo() (left int, err error)
	// Finish makes the word from the recordings. They go into the history when they are to be kept.
	Finish(ctx context.Context, keep bool) (OwnWord, error)
	// Close forgets the recordings. It may be called twice.
	Close()
}

// Sample is how a recording of the word sounds.
type Sample struct {
	Number    int // of the recording, from 1 on
	Length    time.Duration
	LevelDBFS float64 // of its loudest 32 ms
	NoiseDBFS float64 // of the room
	Clipped   bool
}

// OwnWord is a word that was made, and what recordings that it did not learn from say about it.
type OwnWord struct {
	ID           string
	Threshold    float64
	Samples      int
	FalseAccepts float64 // an hour of other people talking
	MissedQuiet  float64 // share 0..1
	MissedNoise  float64 // the same with noise 10 dB below the voice
	Unlike       []int   // recordings, from 1 on, that do not sound like the others
	Kept         int     // recordings that are in the history
}

type enrollResult struct {
	Enrolment string `json:"enrolment"` // for the commands that follow
	WakeWord  string `json:"wake_word"` // id that the word will have
	Least     int    `json:"least"`     // recordings that it takes
	Good      int    `json:"good"`      // recordings that it should be made from: three of each of three people
}

type sampleResult struct {
	Number    int     `json:"number"` // of the recording, from 1 on
	Seconds   float64 `json:"seconds"`
	LevelDBFS float64 `json:"level_dbfs"` // of the voice
	NoiseDBFS float64 `json:"noise_dbfs"` // of the room
	Clipped   bool    `json:"clipped"`    // it was too loud for the microphone
}

type undoResult struct {
	Samples int `json:"samples"` // that are left
}

type ownWordResult struct {
	WakeWord     string  `json:"wake_word"` // its id
	Threshold    float64 `json:"threshold"`
	Samples      int     `json:"samples"`       // recordings that it was made from
	FalseAccepts float64 `json:"false_accepts"` // expected in an hour of other people talking without a pause, at most
	MissedQuiet  float64 `json:"missed_quiet"`  // share 0..1 that is not heard, from recordings that were kept out
	MissedNoise  float64 `json:"missed_noise"`  // the same over noise 10 dB below the voice
	Unlike       []int   `json:"unlike"`        // numbers of recordings that do not sound like the others: say these again
	Kept         int     `json:"kept"`          // recordings that are in the history now
	Sentence     string  `json:"sentence"`      // says to people what to do with the word
}

// UseOwnWord says to people what to do with a word.
func UseOwnWord(id string) string {
	return fmt.Sprintf("To use it, write {model: %s, engine: own} under wake_words of the satellite in the configuration; a bridge that runs takes it over by itself.", id)
}

// enrolments are the words that are being made, by what the commands call them.
type enrolments struct {
	mu   sync.Mutex
	open map[string]Enrolment
}

// enrolling ends a word with the subscription that it was begun with.
type enrolling struct {
	Enrolment
	all  *enrolments
	name string
}

// forward has nothing to tell.
func (enrolling) forward(ctx context.Context, _ func(any) bool) error {
	<-ctx.Done()
	return nil
}

// Close forgets it.
func (e enrolling) Close() {
	e.all.mu.Lock()
	delete(e.all.open, e.name)
	e.all.mu.Unlock()
	e.Enrolment.Close()
}

// put keeps an enrolment for the commands that follow.
func (a *enrolments) put(e Enrolment) enrolling {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open == nil {
		a.open = map[string]Enrolment{}
	}
	name := rand.Text()
	a.open[name] = e
	return enrolling{e, a, name}
}

func (a *enrolments) get(name string) (Enrolment, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.open[name]; e != nil {
		return e, nil
	}
	return nil, &commandError{Code: codeNotFound, Message: "That wake word is not being made any more; begin again."}
}

func (s *Server) enroll(f *fields) action {
	satellite := f.text("satellite", "id of the satellite that people will speak to")
	phrase := f.text("phrase", "the word, as people write it")
	replace := f.flag("replace", "true: a word of your own with that name is made anew")
	f.require("satellite", "phrase")
	return func(ctx context.Context, by call) (any, error) {
		var result enrollResult
		err := s.listen(by, func() (listener, error) {
			e, err := s.deps.Satellites.Enroll(ctx, *satellite, *phrase, isTrue(*replace))
			if err != nil {
				return nil, fmt.Errorf("make a wake word with satellite %q: %w", *satellite, err)
			}
			l := s.words.put(e)
			result.Enrolment, result.WakeWord = l.name, e.WakeWord()
			result.Least, result.Good = e.Wants()
			return l, nil
		})
		if err != nil {
			return nil, err
		}
		s.deps.Log.Info().Str("satellite", *satellite).Str("by", by.who.Name).Msg("a wake word is being made")
		return result, nil
	}
}

// enrolmentField declares the field that says which word is meant.
func (s *Server) enrolmentField(f *fields) func() (Enrolment, error) {
	name := f.text("enrolment", "what wake_words/enroll has answered")
	f.require("enrolment")
	return func() (Enrolment, error) { return s.words.get(*name) }
}

func (s *Server) recordSample(f *fields) action {
	enrolment := s.enrolmentField(f)
	f.aside = true
	return func(ctx context.Context, _ call) (any, error) {
		e, err := enrolment()
		if err != nil {
			return nil, err
		}
		sample, err := e.Record(ctx)
		if err != nil {
			return nil, fmt.Errorf("record a wake word: %w", err)
		}
		return sampleResult{sample.Number, thousandths(sample.Length.Seconds()), tenths(sample.LevelDBFS), tenths(sample.NoiseDBFS), sample.Clipped}, nil
	}
}

func (s *Server) undoSample(f *fields) action {
	enrolment := s.enrolmentField(f)
	return func(context.Context, call) (any, error) {
		e, err := enrolment()
		if err != nil {
			return nil, err
		}
		left, err := e.Undo()
		return undoResult{left}, err
	}
}

func (s *Server) finishEnrolment(f *fields) action {
	enrolment := s.enrolmentField(f)
	keep := f.flag("keep", "true: the recordings go into the history, where they are found by outcome sample, and are deleted like all others; else they are forgotten when the subscription ends")
	f.aside = true
	return func(ctx context.Context, by call) (any, error) {
		e, err := enrolment()
		if err != nil {
			return nil, err
		}
		word, err := e.Finish(ctx, isTrue(*keep))
		if err != nil {
			return nil, fmt.Errorf("make a wake word: %w", err)
		}
		if err := s.deps.History.Note(ctx, history.Access{Who: by.who.Name, Action: history.AccessChanged}); err != nil {
			return nil, err
		}
		unlike := word.Unlike
		if unlike == nil {
			unlike = []int{}
		}
		return ownWordResult{
			word.ID, thousandths(word.Threshold), word.Samples, tenths(word.FalseAccepts), thousandths(word.MissedQuiet), thousandths(word.MissedNoise), unlike,
			word.Kept, UseOwnWord(word.ID),
		}, nil
	}
}
