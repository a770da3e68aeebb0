package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"earshot/detector/openwakeword"
	"earshot/detector/ownword"
	"earshot/detector/ownword/mix"
)

// tally counts misses.
type tally struct{ missed, of int }

func (t tally) String() string {
	if t.of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %% (%d/%d)", 100*float64(t.missed)/float64(t.of), t.missed, t.of)
}

// result is what all households together miss in one stream.
type result struct{ own, strangers, ownCutoff, strangersCutoff tally }

func (o *options) measure(trainer *ownword.Trainer, bank *ownword.Bank, clips []clip, streams []stream, negatives []stream) error {
	chunks := 0
	for _, s := range negatives {
		chunks += len(s.Heard)
	}
	hours := float64(chunks) * openwakeword.ChunkSamples / mix.Rate / 3600
	results := make([]result, len(streams))
	var hearing, seconds, accepts, expectedAccepts, expectedQuiet, expectedNoise float64
	for h := range o.households {
		r := rand.New(rand.NewPCG(uint64(h), 42))
		members, training := household(r, clips)
		var samples [][]int16
		for _, i := range training {
			samples = append(samples, mix.PCM(clips[i].audio))
		}
		lesson, err := trainer.NewLesson(o.word)
		if err != nil {
			return err
		}
		began := time.Now()
		for _, pcm := range samples {
			if _, err := lesson.Add(pcm); err != nil {
				return err
			}
		}
		hearing += time.Since(began).Seconds()
		began = time.Now()
		word, err := lesson.Word()
		if err != nil {
			return err
		}
		seconds += time.Since(began).Seconds()
		var scores [][]float32
		for _, s := range negatives {
			scores = append(scores, score(word, s.Heard))
		}
		limit := threshold(scores, int(hours))
		n := count(scores, float32(word.Cutoff))
		accepts += float64(n)
		expectedAccepts += word.Expected.FalseAccepts
		expectedQuiet += word.Expected.MissedQuiet
		expectedNoise += word.Expected.MissedNoise
		fmt.Fprintf(os.Stderr, "household %d: %v, at the cutoff %.4f %d false accepts, expected missed %.2f / %.2f\n", h, members, word.Cutoff, n, word.Expected.MissedQuiet, word.Expected.MissedNoise)
		for k, s := range streams {
			results[k].add(word, s, clips, members, training, limit)
		}
	}
	n := float64(o.households)
	fmt.Printf("bank %.2f h, %d households of %d x %d, %.2f h without the word, %.2f s to hear the recordings and %.2f s to train\n\n", bank.Hours(), o.households, people, perPerson, hours,
		hearing/n, seconds/n)
	fmt.Printf("| | own at 1 FA/h | strangers at 1 FA/h | own at its cutoff | strangers at its cutoff |\n|---|---|---|---|---|\n")
	for k, s := range streams {
		fmt.Printf("| %s | %v | %v | %v | %v |\n", s.Name, results[k].own, results[k].strangers, results[k].ownCutoff, results[k].strangersCutoff)
	}
	fmt.Printf("\nat its cutoff %.2f FA/h; told before: %.2f FA/h on the bank, missed %.1f %% in quiet, %.1f %% in noise\n",
		accepts/n/hours, expectedAccepts/n, 100*expectedQuiet/n, 100*expectedNoise/n)
	return nil
}

// household chooses people who said the word often enough, and the clips to learn from.
func household(r *rand.Rand, clips []clip) (members []string, training []int) {
	said := map[string][]int{}
	for i, c := range clips {
		said[c.speaker] = append(said[c.speaker], i)
	}
	var names []string
	for name, list := range said {
		if len(list) >= 2*perPerson {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	r.Shuffle(len(names), func(i, k int) { names[i], names[k] = names[k], names[i] })
	members = names[:people]
	for _, m := range members {
		for _, k := range r.Perm(len(said[m]))[:perPerson] {
			training = append(training, said[m][k])
		}
	}
	return members, training
}

func (t *result) add(w *ownword.Word, s stream, clips []clip, members []string, training []int, limit float32) {
	scores := score(w, s.Heard)
	for i, c := range clips {
		if slices.Contains(training, i) {
			continue
		}
		best := float32(0)
		for at := s.Places[i].From / openwakeword.ChunkSamples; at < len(scores) && at*openwakeword.ChunkSamples <= s.Places[i].To+late; at++ {
			best = max(best, scores[at])
		}
		fixed, chosen := &t.strangers, &t.strangersCutoff
		if slices.Contains(members, c.speaker) {
			fixed, chosen = &t.own, &t.ownCutoff
		}
		fixed.of++
		chosen.of++
		if best < limit {
			fixed.missed++
		}
		if best < float32(w.Cutoff) {
			chosen.missed++
		}
	}
}

func score(w *ownword.Word, heard []openwakeword.Embedding) []float32 {
	s := w.NewScorer()
	out := make([]float32, len(heard))
	for i := range heard {
		out[i] = s.Put(&heard[i])
	}
	return out
}

// count counts false accepts; those within two seconds are one.
func count(streams [][]float32, limit float32) (n int) {
	for _, scores := range streams {
		last := -refractory
		for i, s := range scores {
			if s < limit {
				continue
			}
			if (i-last)*openwakeword.ChunkSamples >= refractory {
				n++
			}
			last = i
		}
	}
	return n
}

// threshold is the lowest score with at most so many false accepts.
func threshold(streams [][]float32, most int) float32 {
	all := slices.Concat(streams...)
	slices.Sort(all)
	all = all[max(0, len(all)-20000):]
	low, high := 0, len(all)-1
	for low < high {
		m := (low + high) / 2
		if count(streams, all[m]) <= most {
			high = m
		} else {
			low = m + 1
		}
	}
	return all[low]
}
