package server

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"earshot/history"
	"earshot/history/files"
	"earshot/history/sqlite"
)

// FuzzCommand carries out every command with any fields, by anybody, over a real history: each ends in a result or an error for people, a role
// that is not enough does nothing, and nothing is deleted that was kept unless include_kept says so.
func FuzzCommand(f *testing.F) {
	for _, seed := range []struct{ name, fields string }{
		{"history/list", `{"period":"today","limit":5,"kept":true,"outcomes":["failed"],"text":"light"}`},
		{"history/list", `{"from":"2026-03-01T08:00:00Z","to":"2026-03-02T08:00:00+01:00","cursor":"x"}`},
		{"history/get", `{"entry_id":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}`},
		{"history/update", `{"match":{"period":"all","satellite":"kitchen"},"label":"mistake","kept":false}`},
		{"history/update", `{"ids":["a","b"],"shared":true}`},
		{"history/delete_range", `{"period":"older_than: 90d","confirm":true,"what":"audio","include_kept":false}`},
		{"history/delete_preview", `{"wake_words":["okay_nabu"],"labels":["correct"]}`},
		{"history/delete", `{"token":"x"}`},
		{"history/export", `{}`}, {"history/subscribe", `{}`}, {"history/verify", `{}`}, {"retention/run", `{}`}, {"services/list", `{}`},
		{"settings/update", `{"satellite":"kitchen","save":"text","understood":"90d","max_entries":0,"improve":true}`},
		{"access_log/list", `{"before":"x","limit":500}`},
		{"satellites/subscribe", `{"levels":true}`},
		{"satellites/test", `{"satellite":"kitchen","seconds":60}`},
		{"satellites/mute", `{"satellite":"kitchen","muted":false}`},
		{"pairing/subscribe", `{}`},
		{"satellites/announce", `{"satellite":"kitchen","url":"/api/tts_proxy/x.mp3","preannounce":true}`},
		{"satellites/announce", `{"satellite":"kitchen","media":"media-source://tts/x"}`},
		{"wake_words/update", `{"satellite":"kitchen","wake_word":"okay_nabu","threshold":0.5e0,"active":true}`},
		{"wake_words/update", `{"satellite":"kitchen","wake_word":"okay_nabu","second_threshold":1}`},
		{"wake_words/tune", `{"satellite":"kitchen","wake_word":"okay_nabu"}`},
		{"unsubscribe_events", `{"subscription":9007199254740991}`},
		{"clips/sign", `{"entry_id":"\u0000"}`}, {"nothing", `{"a":1}`}, {"ping", `{"x":{}}`}, {"", `[]`},
	} {
		for role := range 3 {
			f.Add(seed.name, seed.fields, uint8(role))
		}
	}
	h := fuzzHistory(f)
	s := New(DefaultConfig(), Deps{History: h, Satellites: fuzzHouse{}, Log: zerolog.Nop(), HomeAssistant: HomeAssistant{URL: "http://home:8123"}})
	kept := addKept(f, h)
	roles := []Role{Read, Listen, Admin}
	f.Fuzz(func(t *testing.T, name, fields string, by uint8) {
		sent, err := decodeObject([]byte(fields))
		if err != nil {
			return
		}
		m := message{id: 1, kind: name, fields: sent}
		c := &socket{server: s, who: Identity{Name: "fuzz", Role: roles[int(by)%len(roles)]}, subscriptions: map[int64]*subscription{}}
		c.ctx = t.Context()
		var result any
		run, _, err := c.prepare(m)
		if err == nil {
			if !c.who.Role.allows(s.commands[name].role) {
				t.Fatalf("%s is carried out for %s", name, c.who.Role)
			}
			result, err = run(t.Context(), call{socket: c, id: m.id, who: c.who})
		}
		for _, sub := range c.subscriptions {
			sub.end()
		}
		failure := s.explain(err)
		if failure != nil && (failure.Code == codeUnknownError || failure.Message == "") {
			t.Fatalf("%s %s: %v", name, fields, err)
		}
		if data, err := encodeResult(m.id, result, failure); err != nil || !json.Valid(data) {
			t.Fatalf("%s %s: %v, %q", name, fields, err, data)
		}
		e, err := h.Get(t.Context(), kept)
		if err != nil && string(sent["include_kept"]) != "true" {
			t.Fatalf("%s %s: the kept entry is gone: %v", name, fields, err)
		}
		if err != nil || !e.Kept {
			kept = addKept(t, h)
		}
	})
}

// addKept adds an entry that no deletion takes.
func addKept(t testing.TB, h *history.History) (id string) {
	ctx := context.Background()
	if err := h.SetSave(ctx, "kitchen", history.SaveAll); err != nil {
		t.Fatal(err)
	}
	e, err := h.Add(ctx, history.Recording{PCM: make([]int16, 1600), Entry: history.Entry{
		Satellite: "kitchen", At: time.Now(), WakeWord: "okay_nabu", Outcome: history.Understood, Transcript: "turn on the light",
	}})
	if err != nil {
		t.Fatal(err)
	}
	yes := true
	if _, err := h.Change(ctx, "fuzz", history.Selection{IDs: []string{e.ID}}, history.Update{Kept: &yes}); err != nil {
		t.Fatal(err)
	}
	return e.ID
}

func fuzzHistory(f *testing.F) *history.History {
	ctx, dir := context.Background(), f.TempDir()
	store, err := sqlite.Open(ctx, filepath.Join(dir, "history.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { store.Close() })
	blobs, err := files.Open(filepath.Join(dir, "clips"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { blobs.Close() })
	cfg := history.DefaultConfig()
	cfg.Dir, cfg.TimeZone = dir, "Europe/Berlin"
	h, err := history.New(ctx, cfg, history.Parts{Store: store, Blobs: blobs})
	if err != nil {
		f.Fatal(err)
	}
	return h
}

// fuzzHouse has a kitchen.
type fuzzHouse struct{}

func (fuzzHouse) List() []Satellite {
	return []Satellite{{ID: "kitchen", Microphone: Microphone{State: listening}, WakeWords: []WakeWord{{ID: "okay_nabu"}}}}
}

func (fuzzHouse) SetMuted(_ context.Context, id string, _ bool) error { return inKitchen(id) }

func (fuzzHouse) SetWakeWord(_ context.Context, id, word string, change WakeWordChange) (WakeWord, error) {
	if change.Threshold != nil && !(*change.Threshold >= leastThreshold && *change.Threshold <= 1) {
		panic(fmt.Sprintf("the threshold %v", *change.Threshold))
	}
	if word != "okay_nabu" {
		return WakeWord{}, ErrUnknownWakeWord
	}
	return WakeWord{ID: word}, inKitchen(id)
}

func (fuzzHouse) Lesson(satellites []string, _ string, _ Cutoffs) (Lesson, error) {
	return fuzzLesson{}, inKitchen(satellites[0])
}

func (fuzzHouse) DropVerifier(satellite, _ string) (bool, error) { return false, inKitchen(satellite) }

func (fuzzHouse) DropVerifiers() error { return nil }

// fuzzLesson is one that nothing is learned from.
type fuzzLesson struct{}

func (fuzzLesson) Hear(string, bool, []int16) Cutoffs { return Cutoffs{First: 0.5} }

func (fuzzLesson) Verify() (HeldOut, error) { return HeldOut{Least: 10}, nil }

func (fuzzLesson) Use(context.Context) error { panic("a verifier that is of no use") }

func (fuzzHouse) Try(_ context.Context, id string, length time.Duration) (Trial, error) {
	if length < time.Second || length > time.Minute {
		panic(fmt.Sprintf("a trial of %v", length))
	}
	if err := inKitchen(id); err != nil {
		return nil, err
	}
	return nil, Refusal("The microphone is muted; open it first.")
}

func (fuzzHouse) Enroll(_ context.Context, id, phrase string, _ bool) (Enrolment, error) {
	return nil, cmp.Or(inKitchen(id), error(Refusal("Not now.")))
}

func (fuzzHouse) Announce(_ context.Context, id string, a Announcement) (bool, error) {
	if u, err := url.Parse(a.URL); err != nil || (a.URL == "") == (a.Media == "") || a.URL != "" && u.Host != "home:8123" {
		panic(fmt.Sprintf("the announcement %+v", a))
	}
	return true, inKitchen(id)
}

func (h fuzzHouse) Listen(ctx context.Context, id string, p Prompt) (Said, error) {
	if p.WordsOnly && p.Conversation != "" {
		panic(fmt.Sprintf("the prompt %+v", p))
	}
	played, err := h.Announce(ctx, id, p.Announcement)
	return Said{Played: played}, err
}

func inKitchen(id string) error {
	if id != "kitchen" {
		return ErrUnknownSatellite
	}
	return nil
}
