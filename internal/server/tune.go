package server

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"earshot/history"
)

// Cutoffs are probabilities, 0..1, over which a wake word counts; Second is that of a second look, 0 where none is taken.
type Cutoffs struct{ First, Second float64 }

// Tuner learns from recordings.
type Tuner interface {
	// Lesson begins to measure recordings of a wake word of some satellites, of which all have these cutoffs. One goroutine may use it. Ids that are
	// not configured are an ErrUnknownSatellite or an ErrUnknownWakeWord; a wake word that is heard elsewhere is a Refusal.
	Lesson(satellites []string, word string, now Cutoffs) (Lesson, error)
	// DropVerifier removes the verifier of a wake word of a satellite, and tells whether there was one.
	DropVerifier(satellite, word string) (dropped bool, err error)
	// DropVerifiers removes all verifiers.
	DropVerifiers() error
}

// Lesson is what recordings tell about a wake word.
type Lesson interface {
	// Hear takes the next recording, 16 kHz mono, and returns the highest First at which it would have counted with Second as it is now, and the
	// other way round.
	Hear(satellite string, correct bool, pcm []int16) Cutoffs
	// Verify makes a verifier of the recordings, which has a third opinion on the wake word, and tells what it would do. Where there can be none it
	// is a Refusal.
	Verify() (HeldOut, error)
	// Use has that verifier asked from now on, also after a restart. It is a Refusal when the household does not help to improve any more.
	Use(ctx context.Context) error
}

// mostTuned is how many recordings are measured at once, the newest ones: each takes a small machine about a second.
const mostTuned = history.MaxLimit

// tuneResult says what other cutoffs would have done to the recordings that people have marked.
type tuneResult struct {
	WakeWord   string      `json:"wake_word"`
	Satellites []string    `json:"satellites"` // that listen for it, and whose recordings these are
	Correct    int         `json:"correct"`    // measured recordings that are marked as correct
	Mistakes   int         `json:"mistakes"`
	Skipped    tuneSkipped `json:"skipped"`
	More       bool        `json:"more"` // there are older ones that were not measured

	Threshold       tuneCurve       `json:"threshold"`
	SecondThreshold *tuneCurve      `json:"second_threshold"` // null without a second look
	Recommended     *recommendation `json:"recommended"`      // null when there is nothing to change, or too little to go by
	Sentence        string          `json:"sentence"`         // says to people what is recommended and why

	Verifier verdict `json:"verifier"` // what a third opinion would do: wake_words/verifier makes it
}

// tuneSkipped counts the marked recordings that were not measured.
type tuneSkipped struct {
	NoAudio    int `json:"no_audio"`
	Unreadable int `json:"unreadable"`   // history/verify tells more
	NoWakeWord int `json:"no_wake_word"` // what was said in answer to a question
	NotExample int `json:"not_example"`  // marked while the household did not help to improve the wake words; mark them again
}

// tuneWakeWord measures the recordings that are examples for a wake word.
func (s *Server) tuneWakeWord(f *fields) action {
	satellite := f.text("satellite", "id of the satellite; all that listen for the wake word, if their thresholds are the same, when it is left out")
	word := f.text("wake_word", "id of the wake word")
	f.require("wake_word")
	f.aside = true
	return func(ctx context.Context, by call) (any, error) {
		var result tuneResult
		err := s.examples(ctx, by, *satellite, *word, func(t *tuning) error {
			result = t.result()
			held, err := t.lesson.Verify()
			var refused Refusal
			if result.Verifier = newVerdict(held); errors.As(err, &refused) {
				result.Verifier, err = verdict{Sentence: refused.Error()}, nil
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("tune wake word %q: %w", *word, err)
		}
		return result, nil
	}
}

// examples has the recordings that are examples for a wake word measured, and then something done. One at a time does this.
func (s *Server) examples(ctx context.Context, by call, satellite, word string, do func(*tuning) error) error {
	improve, err := s.deps.History.Improve(ctx)
	if err != nil {
		return err
	}
	if !improve {
		return Refusal(`Recordings are not used to tune wake words: turn on "Help improve the wake words" under Privacy, or improve with settings/update.`)
	}
	heard, satellites, err := s.listenersFor(satellite, word)
	if err != nil {
		return err
	}
	if !s.tuning.TryLock() {
		return Refusal("Recordings are being measured already; wait for that to end.")
	}
	defer s.tuning.Unlock()
	t := &tuning{server: s, now: Cutoffs{heard.Threshold, heard.SecondThreshold}, word: word, satellites: satellites}
	if t.lesson, err = s.deps.Satellites.Lesson(satellites, word, t.now); err != nil {
		return err
	}
	if err := t.measure(ctx); err != nil {
		return err
	}
	measured := history.Access{Who: by.who.Name, Action: history.AccessPlayed, Entries: int64(len(t.correct) + len(t.mistakes))}
	if measured.Entries > 0 {
		if err := s.deps.History.Note(ctx, measured); err != nil {
			return err
		}
	}
	return do(t)
}

// listenersFor are the satellites that listen for a wake word, and the word as it is for all of them.
func (s *Server) listenersFor(satellite, word string) (heard WakeWord, satellites []string, err error) {
	satellites, words, err := s.listening(satellite, word)
	if err != nil {
		return WakeWord{}, nil, err
	}
	heard = words[0]
	for _, w := range words {
		if w.Threshold != heard.Threshold || w.SecondLook != heard.SecondLook || w.SecondThreshold != heard.SecondThreshold {
			return WakeWord{}, nil, Refusal("The satellites have different thresholds for this wake word; say which satellite to tune.")
		}
	}
	return heard, satellites, nil
}

// listening are the satellites that listen for a wake word, all or only one, and the word as it is for each of them. There is one at least.
func (s *Server) listening(satellite, word string) (satellites []string, words []WakeWord, err error) {
	if _, err := s.named(satellite); err != nil {
		return nil, nil, err
	}
	for _, sat := range s.deps.Satellites.List() {
		i := slices.IndexFunc(sat.WakeWords, func(w WakeWord) bool { return w.ID == word })
		if i >= 0 && (satellite == "" || sat.ID == satellite) {
			satellites, words = append(satellites, sat.ID), append(words, sat.WakeWords[i])
		}
	}
	if satellites == nil {
		return nil, nil, ErrUnknownWakeWord
	}
	return satellites, words, nil
}

// tuning is one look at the recordings of a wake word.
type tuning struct {
	server            *Server
	satellites        []string
	word              string
	now               Cutoffs
	lesson            Lesson
	correct, mistakes []Cutoffs
	skipped           tuneSkipped
	more              bool
}

// measure looks at the newest examples, one after the other.
func (t *tuning) measure(ctx context.Context) error {
	page, err := t.server.deps.History.List(ctx, history.Query{Limit: mostTuned, Filter: history.Filter{
		Satellites: t.satellites, WakeWords: []string{t.word}, Labels: []history.Label{history.LabelCorrect, history.LabelMistake},
		Outcomes: append(history.CommandOutcomes(), history.NearMiss),
	}})
	if err != nil {
		return err
	}
	t.more = page.NextCursor != ""
	for _, e := range page.Entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		t.one(ctx, e)
	}
	return ctx.Err()
}

// one measures an entry, or counts why not.
func (t *tuning) one(ctx context.Context, e history.Entry) {
	switch {
	case !e.Shared:
		t.skipped.NotExample++
		return
	case e.Score == 0:
		t.skipped.NoWakeWord++
		return
	case e.Clip == nil:
		t.skipped.NoAudio++
		return
	}
	pcm, err := t.read(ctx, e.ID)
	switch {
	case errors.Is(err, history.ErrNotFound): // deleted since
		t.skipped.NoAudio++
	case err != nil:
		t.skipped.Unreadable++
	case e.Label == history.LabelCorrect:
		t.correct = append(t.correct, t.lesson.Hear(e.Satellite, true, pcm))
	default:
		t.mistakes = append(t.mistakes, t.lesson.Hear(e.Satellite, false, pcm))
	}
}

func (t *tuning) read(ctx context.Context, id string) ([]int16, error) {
	clip, _, err := t.server.deps.History.OpenClip(ctx, id)
	if err != nil {
		return nil, err
	}
	defer clip.Close()
	return history.DecodeFLAC(clip)
}

func (t *tuning) result() tuneResult {
	r := tuneResult{
		WakeWord: t.word, Satellites: t.satellites, Correct: len(t.correct), Mistakes: len(t.mistakes), Skipped: t.skipped, More: t.more,
	}
	first := marked{values(t.correct, firstOf), values(t.mistakes, firstOf), t.now.First}
	if t.now.Second == 0 {
		r.Recommended, r.Sentence = first.recommend("threshold")
		r.Threshold = first.curve(r.Recommended)
		return r
	}
	second := marked{values(t.correct, secondOf), values(t.mistakes, secondOf), t.now.Second}
	r.Recommended, r.Sentence = second.recommendSecond()
	curve := second.curve(r.Recommended)
	r.Threshold, r.SecondThreshold = first.curve(nil), &curve
	return r
}

func firstOf(c Cutoffs) float64  { return c.First }
func secondOf(c Cutoffs) float64 { return c.Second }

func values(list []Cutoffs, of func(Cutoffs) float64) []float64 {
	out := make([]float64, len(list))
	for i, c := range list {
		out[i] = of(c)
	}
	return out
}

// share says how many of a number, for people.
func share(n, all int, what string) string {
	some := fmt.Sprint(n)
	switch n {
	case 0:
		some = "none"
	case all:
		some = "all"
	}
	return fmt.Sprintf("%s of %d %s", some, all, what)
}
