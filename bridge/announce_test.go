package bridge_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"earshot/bridge"
	"earshot/internal/assist"
)

// chimingHome plays feedback sounds too.
type chimingHome struct{ *fakeHome }

func (h chimingHome) Sound(_ context.Context, name string) error {
	h.note("sound %s", name)
	return nil
}

var announcement = bridge.Announcement{Reply: assist.Reply{Text: "dinner", AudioURL: "sound"}}

// announceIn plays a sound to a satellite that has a voice.
func announceIn(t *testing.T, pcm []int16, voice bridge.Voice, meanwhile func(*rig)) *rig {
	t.Helper()
	return play(t, pcm, func(r *rig) { r.more = func(d *bridge.Deps) { d.Voice = voice } }, meanwhile)
}

// lasting takes some time to say something, unless it is stopped.
func lasting(d time.Duration) func(context.Context) {
	return func(ctx context.Context) {
		select {
		case <-ctx.Done():
		case <-time.After(d):
		}
	}
}

// TestAnnounce plays to the end, shows that it does, and plays one at a time.
func TestAnnounce(t *testing.T) {
	t.Parallel()
	home := &fakeHome{say: lasting(3 * time.Second)}
	r := announceIn(t, sound(part{quiet, 10_000}), chimingHome{home}, func(r *rig) {
		r.at(time.Second)
		ended := make(chan bool)
		go func() {
			chimes := announcement
			chimes.Chime = true
			played, err := r.Announce(context.Background(), chimes)
			if took := time.Since(r.began); !played || err != nil || took != 4*time.Second {
				t.Errorf("played: %v, %v, at %v", played, err, took)
			}
			close(ended)
		}()
		r.at(2 * time.Second)
		if got := r.Status().State; got != bridge.Responding {
			t.Errorf("the satellite is %s", got)
		}
		_, err := r.Announce(context.Background(), announcement)
		var refused bridge.Refusal
		if !errors.As(err, &refused) || err.Error() != "An announcement is being played already; wait for its end." {
			t.Errorf("a second one: %v", err)
		}
		<-ended
		if got := r.Status().State; got != bridge.Idle {
			t.Errorf("then the satellite is %s", got)
		}
		if played, err := r.Announce(context.Background(), announcement); !played || err != nil {
			t.Errorf("once more: %v, %v", played, err)
		}
	})
	home.checkAsked(t, `sound listening`, `say "dinner"`, `say "dinner"`)
	changes := 0
	for _, e := range r.events {
		if e.Kind == bridge.StatusChanged {
			changes++
		}
	}
	if changes != 4 || len(r.history.entries) != 0 {
		t.Errorf("%d changes of the status, %d entries", changes, len(r.history.entries))
	}
}

func (h *fakeHome) checkAsked(t *testing.T, want ...string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.asked) != len(want) {
		t.Fatalf("asked: %q, want %q", h.asked, want)
	}
	for i := range want {
		if h.asked[i] != want[i] {
			t.Errorf("asked: %q, want %q", h.asked, want)
		}
	}
}

// TestAnnouncementEnds: by a wake word, whose command is recorded, by the caller, and by its time.
func TestAnnouncementEnds(t *testing.T) {
	t.Parallel()
	home := &fakeHome{say: lasting(time.Hour)}
	r := announceIn(t, command(), home, func(r *rig) {
		if played, err := r.Announce(context.Background(), announcement); played || err != nil {
			t.Errorf("by a wake word: %v, %v", played, err)
		}
		if _, err := r.Announce(context.Background(), announcement); err == nil || err.Error() != "The satellite is busy with a command; try again when that is over." {
			t.Errorf("during a command: %v", err)
		}
		r.at(time.Minute)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if played, err := r.Announce(ctx, announcement); played || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("by the caller: %v, %v", played, err)
		}
		began := time.Now()
		played, err := r.Announce(context.Background(), announcement)
		if played || err == nil || err.Error() != "The announcement was stopped, as it took longer than 10m0s." || time.Since(began) != 10*time.Minute {
			t.Errorf("by its time: %v, %v after %v", played, err, time.Since(began))
		}
		home.say, home.failed = nil, errors.New("no sound card")
		played, err = r.Announce(context.Background(), announcement)
		if played || err == nil || err.Error() != "The announcement was not played to its end: no sound card." {
			t.Errorf("by what it is played on: %v, %v", played, err)
		}
	})
	if len(r.history.entries) != 1 {
		t.Errorf("%d entries", len(r.history.entries))
	}
}

func TestAnnounceRefusals(t *testing.T) {
	t.Parallel()
	play(t, sound(part{quiet, 10_000}), nil, func(r *rig) {
		if _, err := r.Announce(context.Background(), announcement); err == nil || err.Error() != "The satellite has nothing to play it on; set reply.speaker or reply.media_player for it." {
			t.Errorf("without a voice: %v", err)
		}
	})
	announceIn(t, sound(part{quiet, 10_000}), &fakeHome{}, func(r *rig) {
		r.at(time.Second)
		trial := r.try(t, 5*time.Second)
		defer trial.Close()
		if _, err := r.Announce(context.Background(), announcement); err == nil || err.Error() != "A test of this satellite runs; wait for its end." {
			t.Errorf("during a test: %v", err)
		}
	})
}
