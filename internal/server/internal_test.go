package server

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

// FuzzMessage decodes what a client may send, for every command: an answer or a refusal, never a panic.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		`{"id":1,"type":"history/list","period":"today","limit":5,"kept":true}`,
		`{"id":2,"type":"history/delete_range","from":"2026-03-01T08:00:00Z","to":"2026-03-02T08:00:00+01:00","satellites":["a"],"confirm":true}`,
		`{"id":7,"type":"settings/update","satellite":"kitchen","understood":"90d","max_entries":0,"improve":false}`,
		`{"id":8,"type":"history/delete_preview","outcomes":["failed"],"labels":[],"what":"audio"}`,
		`{"id":3,"type":"history/delete","ids":["01ARZ3NDEKTSV4RRFFQ69G5FAV"]}`,
		`{"id":4,"type":"unsubscribe_events","subscription":3}`,
		`{"id":5,"type":"satellites/mute","satellite":"kitchen","muted":false}`,
		`{"type":"auth","access_token":"earshot_x"}`,
		`{"id":6,"type":"ping"}`, `[]`, `{}`, `{"id":1,"id":2}`, "{\"\xff\":1}", `{"id":-1}`, `null`, ``,
	} {
		f.Add([]byte(seed))
	}
	s := New(DefaultConfig(), Deps{})
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = decodeAuth(1, data)
		m, err := decodeMessage(data)
		var refused *commandError
		if err != nil {
			if !errors.Is(err, errNotMessage) && !errors.As(err, &refused) {
				t.Fatalf("%q: %v", data, err)
			}
			return
		}
		if m.id < 1 || m.kind == "" {
			t.Fatalf("%q: %+v", data, m)
		}
		for name, cmd := range s.commands {
			var fields fields
			cmd.declare(&fields)
			if err := fields.decode(name, m.fields); err != nil && !errors.As(err, &refused) {
				t.Fatalf("%q as %s: %v", data, name, err)
			}
		}
	})
}

// TestHostsByListen is about addresses that a test cannot listen at.
func TestHostsByListen(t *testing.T) {
	for _, tc := range []struct {
		listen, host string
		want         bool
	}{
		{"0.0.0.0:8127", "192.168.1.5:8127", true},
		{":8127", "[fd00::1]:8127", true},
		{"[::]:8127", "localhost:8127", true},
		{"0.0.0.0:8127", "evil.example", false},
		{"192.168.1.5:8127", "192.168.1.5:8127", true},
		{"192.168.1.5:8127", "192.168.1.6:8127", false},
		{"earshot.local:8127", "Earshot.local.", true},
		{"[fd00::1]:8127", "[FD00:0::1]", true},
		{"127.0.0.1:8127", "[::ffff:127.0.0.1]:8127", true},
		{"127.0.0.1:8127", "", false},
	} {
		if got := newGuard(Config{Listen: tc.listen}).hostAllowed(tc.host); got != tc.want {
			t.Errorf("listening at %s, called %q: %v", tc.listen, tc.host, got)
		}
	}
}

func TestLinksEnd(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	signer := newSigner(bytes.NewReader(make([]byte, 32)))
	age := time.Duration(0)
	signer.now, signer.age = func() time.Time { return now }, func() time.Duration { return age }
	query, expires := signer.sign(clipLink, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
	if want := now.Add(10 * time.Minute); !expires.Equal(want) {
		t.Errorf("expires %v, want %v", expires, want)
	}
	for _, tc := range []struct {
		after time.Duration
		id    string
		want  bool
	}{
		{0, "01ARZ3NDEKTSV4RRFFQ69G5FAV", true},
		{10*time.Minute - time.Second, "01ARZ3NDEKTSV4RRFFQ69G5FAV", true},
		{10 * time.Minute, "01ARZ3NDEKTSV4RRFFQ69G5FAV", false},
		{0, "01ARZ3NDEKTSV4RRFFQ69G5FAW", false},
	} {
		age = tc.after
		now = now.Add(-24 * time.Hour) // somebody sets the clock back: the link lives no longer by that
		if got := signer.check(clipLink, tc.id, query); got != tc.want {
			t.Errorf("%s after %v: %v", tc.id, tc.after, got)
		}
	}
	age = 0
	if signer.check(exportLink, "01ARZ3NDEKTSV4RRFFQ69G5FAV", query) {
		t.Error("the link to a clip is good for an export")
	}
}

// TestPace takes 200 commands at once and 100 a second.
func TestPace(t *testing.T) {
	var p pace
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	taken := func(after time.Duration) (n int) {
		now = now.Add(after)
		for p.take(now) {
			n++
		}
		return n
	}
	for i, c := range []struct {
		after time.Duration
		want  int
	}{{0, 200}, {0, 0}, {5 * time.Millisecond, 0}, {5 * time.Millisecond, 1}, {time.Second, 100}, {time.Hour, 200}} {
		if got := taken(c.after); got != c.want {
			t.Errorf("%d, after %v: %d are taken, want %d", i, c.after, got, c.want)
		}
	}
}

func TestAttempts(t *testing.T) {
	var a attempts
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	var delays []time.Duration
	var ends []func()
	for range 8 {
		delay, _, done := a.wrong("192.168.1.5:4000", now)
		delays, ends = append(delays, delay), append(ends, done)
	}
	want := []time.Duration{250e6, 500e6, 1e9, 2e9, 4e9, 8e9, 8e9, 8e9}
	for i := range want {
		if delays[i] != want[i] {
			t.Errorf("delay %d: %v, want %v", i, delays[i], want[i])
		}
	}
	if !a.crowded("192.168.1.5:9999") || a.crowded("192.168.1.6:4000") {
		t.Error("the wrong remote is crowded")
	}
	for _, done := range ends {
		done()
	}
	if a.crowded("192.168.1.5:4000") {
		t.Error("still crowded when nobody waits")
	}
	delay, inARow, done := a.wrong("192.168.1.5:4000", now.Add(16*time.Minute))
	done()
	if delay != 250*time.Millisecond || inARow != 1 {
		t.Errorf("after a pause: %v, %d", delay, inARow)
	}
	// Addresses one remote can choose among count as one.
	for _, addr := range []string{"[2001:db8::1]:1", "[2001:db8::ffff:2]:1"} {
		_, inARow, done = a.wrong(addr, now)
		done()
	}
	if inARow != 2 {
		t.Errorf("two addresses of one network count as %d", inARow)
	}
	for i := range 3000 {
		_, _, done = a.wrong("10.0."+string(rune('0'+i/256%10))+"."+string(rune('0'+i%10))+string(rune('a'+i%26))+":1", now)
		done()
	}
	if len(a.remotes) > attemptRemotes {
		t.Errorf("%d remotes are remembered", len(a.remotes))
	}
}
