package wyoming

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The ring is held against a plain slice.
func TestQueue(t *testing.T) {
	t.Parallel()
	q := queue{ring: make([]int16, 7)}
	var want []int16
	next := int16(0)
	for step := range 200 {
		in := make([]int16, step*5%11)
		for i := range in {
			next++
			in[i] = next
		}
		want = append(want, in...)
		wantLost := max(0, len(want)-7)
		want = want[wantLost:]
		if lost := q.push(in); lost != wantLost || q.n != len(want) {
			t.Fatalf("step %d: %d lost and %d kept, want %d and %d", step, lost, q.n, wantLost, len(want))
		}
		out := make([]int16, step*3%5)
		out = out[:q.pop(out)]
		n := min(step*3%5, len(want))
		if !slices.Equal(out, want[:n]) {
			t.Fatalf("step %d: popped %v, want %v", step, out, want[:n])
		}
		want = want[n:]
		if step%50 == 49 {
			q.clear()
			want = nil
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	offered := []model{{"ok_nabu_v0.1", "ok nabu"}, {"ok_nabu_v0.2", ""}, {"hey_jarvis_v0.1", "a\nb"}, {"Alexa", " "}}
	tests := []struct {
		name    string
		ids     []string
		names   map[string]string
		models  []model
		ask     []string
		missing []string
		heard   map[string][]string // model and phrase, by what the engine calls it
	}{
		{"versions", []string{"ok_nabu", "hey_jarvis"}, nil, offered, []string{"ok_nabu_v0.1", "hey_jarvis_v0.1"}, nil, map[string][]string{
			"ok_nabu_v0.1": {"ok_nabu", "ok nabu"}, "ok_nabu": {"ok_nabu", "ok nabu"}, "OK Nabu": {"ok_nabu", "ok nabu"},
			"ok_nabu_v0.2": nil, "hey_jarvis_v0.1": {"hey_jarvis", "hey jarvis"}, "alexa": nil, "Alexa": nil, "": nil}},
		{"exact before alike", []string{"okay_nabu"}, map[string]string{"ok_nabu_v0.2": "okay_nabu"}, offered, []string{"ok_nabu_v0.2"}, nil, map[string][]string{
			"ok_nabu_v0.2": {"okay_nabu", "okay nabu"}, "ok_nabu_v0.1": nil, "": {"okay_nabu", "okay nabu"}, "okay_nabu": nil}},
		{"two names for one", []string{"x"}, map[string]string{"alexa": "x", "hey_jarvis": "x", "snowboy": "x"}, offered, []string{"Alexa", "hey_jarvis_v0.1"}, nil,
			map[string][]string{"Alexa": {"x", "x"}, "hey_jarvis": {"x", "x"}, "snowboy": nil}},
		{"one is missing", []string{"alexa", "hey_you"}, nil, offered, []string{"Alexa"}, []string{"hey_you"}, map[string][]string{"hey_you": nil}},
		{"nothing is known", []string{"hey_you"}, map[string]string{"a": "hey_you", "b": "hey_you", "c": "other"}, offered, nil, []string{"a", "b"}, nil},
		{"no list", []string{"hey_you"}, map[string]string{"a": "hey_you"}, nil, []string{"a"}, nil, map[string][]string{"a": {"hey_you", "hey you"}}},
	}
	for _, tt := range tests {
		words, err := newWords(tt.ids, tt.names)
		if err != nil {
			t.Fatal(err)
		}
		o := match(words, tt.models)
		if diff := cmp.Diff([][]string{tt.ask, tt.missing}, [][]string{o.ask, o.missing}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		for name, want := range tt.heard {
			var got []string
			if found := o.find(name); found != nil {
				got = []string{found.model, found.phrase}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q means %v, want %v", tt.name, name, got, want)
			}
		}
	}
}

func TestListed(t *testing.T) {
	t.Parallel()
	many := slices.Repeat([]string{"a"}, 25)
	if got := listed(many); got[len(got)-12:] != ", and 5 more" {
		t.Errorf("a long list: %s", got)
	}
}
