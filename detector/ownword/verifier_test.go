package ownword_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"earshot/detector/openwakeword"
	"earshot/detector/ownword"
)

// household makes recordings of which a few values, in a few of the windows, differ by so much.
func household(r *rand.Rand, n int, difference float64) (list []ownword.Example) {
	for range n {
		var e ownword.Example
		voice := make([]float64, 96) // what a recording has of its own
		for k := range voice {
			voice[k] = r.NormFloat64()
		}
		for range 2 {
			run := make([]openwakeword.Embedding, 18)
			for i := range run {
				for k := range run[i] {
					run[i][k] = float32((r.NormFloat64() + voice[k]) * float64(1+k))
				}
				for k := range 8 {
					if i >= 5 && i < 13 {
						run[i][k] += float32(difference * float64(1+k))
					}
				}
			}
			e = append(e, run)
		}
		list = append(list, e)
	}
	return list
}

func TestVerifierThatHelps(t *testing.T) {
	bank, _ := smallBank(t, 500)
	r := rand.New(rand.NewPCG(7, 8))
	v, measured, err := ownword.Verify("okay_nabu", bank, household(r, 24, 2), household(r, 21, 0))
	if err != nil || v == nil {
		t.Fatal(err)
	}
	if !measured.Better() || measured != v.HeldOut || measured.Correct != 24 || measured.Mistakes != 21 || measured.CorrectLeft < 23 || measured.MistakesLeft > 14 {
		t.Errorf("held out: %+v", measured)
	}
	if v.Network != bank.Network || v.Phrase != "okay_nabu" {
		t.Errorf("%s for %x", v.Phrase, v.Network)
	}
	count := func(list []ownword.Example) (n int) { // of what it has never heard
		for _, e := range list {
			s, top := v.NewScorer(), float32(0)
			for i := range e[0] {
				top = max(top, s.Put(&e[0][i]))
			}
			if float64(top) >= v.Cutoff {
				n++
			}
		}
		return n
	}
	if right, wrong := count(household(r, 100, 2)), count(household(r, 100, 0)); right < 85 || wrong > 66 {
		t.Errorf("of 100 others each it lets %d right ones pass, and %d mistakes", right, wrong)
	}
	again, _, err := ownword.Verify("okay_nabu", bank, household(rand.New(rand.NewPCG(7, 8)), 24, 2), nil)
	if again != nil || err != nil {
		t.Error("a verifier that no mistake has taught", err)
	}
}

// TestVerifierThatDoesNotHelp is about right ones and mistakes that are alike.
func TestVerifierThatDoesNotHelp(t *testing.T) {
	bank, _ := smallBank(t, 500)
	r := rand.New(rand.NewPCG(9, 10))
	for range 3 {
		v, measured, err := ownword.Verify("okay_nabu", bank, household(r, 20, 1), household(r, 20, 1))
		if err != nil || v == nil || measured.Better() {
			t.Errorf("held out: %+v, %v", measured, err)
		}
	}
	for _, n := range [][2]int{{9, 30}, {30, 9}, {0, 0}} {
		v, measured, err := ownword.Verify("okay_nabu", bank, household(r, n[0], 5), household(r, n[1], 0))
		want := ownword.HeldOut{Correct: n[0], CorrectLeft: n[0], Mistakes: n[1], MistakesLeft: n[1]}
		if v != nil || err != nil || measured != want || measured.Better() {
			t.Errorf("%v recordings: %+v, %v", n, measured, err)
		}
	}
}

func TestHeldOutBetter(t *testing.T) {
	for _, c := range []struct {
		held ownword.HeldOut
		want bool
	}{
		{ownword.HeldOut{Correct: 20, CorrectLeft: 19, Mistakes: 12, MistakesLeft: 8}, true},
		{ownword.HeldOut{Correct: 20, CorrectLeft: 18, Mistakes: 12, MistakesLeft: 0}, false},
		{ownword.HeldOut{Correct: 20, CorrectLeft: 20, Mistakes: 12, MistakesLeft: 9}, false},
		{ownword.HeldOut{Correct: 10, CorrectLeft: 10, Mistakes: 10, MistakesLeft: 6}, true},
		{ownword.HeldOut{Correct: 10, CorrectLeft: 9, Mistakes: 10, MistakesLeft: 0}, false},
		{ownword.HeldOut{Correct: 9, CorrectLeft: 9, Mistakes: 12, MistakesLeft: 0}, false},
		{ownword.HeldOut{Correct: 12, CorrectLeft: 12, Mistakes: 9, MistakesLeft: 0}, false},
	} {
		if got := c.held.Better(); got != c.want {
			t.Errorf("%+v: %v", c.held, got)
		}
	}
}

func TestVerifierFile(t *testing.T) {
	bank, _ := smallBank(t, 500)
	r := rand.New(rand.NewPCG(7, 8))
	v, _, err := ownword.Verify("okay_nabu", bank, household(r, 10, 3), household(r, 10, 0))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kitchen.okay_nabu.json")
	if err := v.Save(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	got, err := ownword.LoadVerifier(path)
	if err != nil || *got != *v {
		t.Errorf("it came back as another one: %v", err)
	}
	if _, err := ownword.Load(path); err == nil || !strings.Contains(err.Error(), `"earshot.verifier"`) {
		t.Errorf("as a word: %v", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for want, damaged := range map[string][]byte{
		"no wake word of Earshot":                 data[:len(data)/2],
		`reads "earshot.verifier"`:                bytes.Replace(data, []byte("earshot.verifier"), []byte("earshot.own_word"), 1),
		"it does not say what it is worth":        bytes.Replace(data, []byte("held_out"), []byte("held"), 1),
		"is not between 0 and 1":                  bytes.Replace(data, []byte(`"cutoff":`), []byte(`"cutoff":9`), 1),
		"network_sha256 is not a SHA-256 sum":     bytes.Replace(data, []byte(`"network_sha256":"`), []byte(`"network_sha256":"x`), 1),
		"it has weights for 0 embeddings instead": bytes.Replace(data, []byte(`"weights"`), []byte(`"nothing"`), 1),
	} {
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ownword.LoadVerifier(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := ownword.LoadVerifier(path + "x"); !os.IsNotExist(err) && !strings.Contains(err.Error(), "no such file") {
		t.Error(err)
	}
	short := household(r, 10, 0)
	short[3][1] = short[3][1][:9]
	if _, _, err := ownword.Verify("okay_nabu", bank, household(r, 10, 3), short); err == nil || !strings.Contains(err.Error(), "fewer than 10 embeddings") {
		t.Error(err)
	}
	if _, _, err := ownword.Verify("", bank, nil, nil); err == nil {
		t.Error("a verifier of nothing")
	}
}
