package spoken_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"earshot/bridge/spoken"
)

func sentences(key string, templates ...string) map[string]spoken.Language {
	return map[string]spoken.Language{"en": {Sentences: map[string][]string{key: templates}}}
}

func TestLoadExtra(t *testing.T) {
	t.Parallel()
	const config = `
en:
  words: {zap: "(zap|nuke)"}
  everywhere: {whole_house: "in the whole house"}
  sentences:
    delete_just_said: ["[<ask>] <zap> my words"]
    delete_today: ["<zap> today [<whole_house>]", "<zap> my day <everywhere>"]
  replies: {muted: "Deaf now."}
pt:
  sentences:
    delete_just_said: ["apaga o que acabei de dizer", "no digas nada"]
    "no": ["não"]
  replies: {deleted_many: "Apaguei {count} gravações."}
`
	var extra map[string]spoken.Language
	decoder := yaml.NewDecoder(strings.NewReader(config))
	decoder.KnownFields(true)
	if err := decoder.Decode(&extra); err != nil {
		t.Fatal(err)
	}
	p, err := spoken.Load(extra)
	if err != nil {
		t.Fatal(err)
	}
	justSaid, today := spoken.Command{Kind: spoken.DeleteJustSaid}, spoken.Command{Kind: spoken.DeletePeriod, Period: "today"}
	todayEverywhere := today
	todayEverywhere.Everywhere = true
	for _, tt := range []struct {
		text, language string
		want           spoken.Command
	}{
		{"Could you nuke my words?", "en", justSaid},
		{"Zap my words", "", justSaid},
		{"Zap my words", "de", spoken.Command{}},
		{"zap today", "en", today},
		{"zap today in the whole house", "en", todayEverywhere},
		{"nuke my day in every room", "en", todayEverywhere},
		{"Delete what I just said.", "en", justSaid},
		{"Apaga o que acabei de dizer.", "pt-PT", justSaid},
		{"Apaga o que acabei de dizer.", "en", spoken.Command{}},
		{"Delete what I just said.", "pt", spoken.Command{}},
	} {
		if got, _ := p.Match(tt.text, tt.language); got != tt.want {
			t.Errorf("Match(%q, %q) = %+v, want %+v", tt.text, tt.language, got, tt.want)
		}
	}
	if !p.IsNo("Não!", "pt") || !p.IsNo("NÃO", "") || p.IsNo("não", "en") {
		t.Error("the added no is not a no in its language alone")
	}
	for _, tt := range []struct{ language, want string }{
		{"en", "Deaf now."}, {"pt", "Deaf now."}, {"de", "Das Mikrofon ist jetzt stumm. In Home Assistant lässt es sich wieder einschalten."},
	} {
		if got := p.Say(tt.language, spoken.Answer{Reply: spoken.Muted}); got != tt.want {
			t.Errorf("Say(%q, muted) = %q, want %q", tt.language, got, tt.want)
		}
	}
	if got, want := p.Say("pt", spoken.Answer{Reply: spoken.Deleted, Count: 7}), "Apaguei 7 gravações."; got != want {
		t.Errorf("Say(pt) = %q, want %q", got, want)
	}
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	one := func(template string) map[string]spoken.Language { return sentences("mute", template) }
	const at = `read spoken sentence en.mute `
	long := strings.Repeat("a", 1001)
	tests := []struct {
		name  string
		extra map[string]spoken.Language
		want  string
	}{
		{"language", map[string]spoken.Language{"en-US": {}}, `read spoken language "en-US": use its two letters, such as en`},
		{"key", sentences("delete_tomorrow", "x"), `read spoken sentences en.delete_tomorrow: the key is not known; use one of delete_everything, delete_just_said, delete_this_month, delete_this_week, delete_today, delete_yesterday, mute, no, not_for_you, start_recording, stop_recording, yes`},
		{"open bracket", one("be (quiet|still"), at + `"be (quiet|still": it has a "(" that is not closed`},
		{"open option", one("be quiet [now"), at + `"be quiet [now": it has a "[" that is not closed`},
		{"wrong bracket", one("be (quiet]"), at + `"be (quiet]": it has a "(" that is not closed`},
		{"no opening", one("be quiet) now"), at + `"be quiet) now": it has a ")" without its opening bracket`},
		{"bar outside", one("be quiet|still"), at + `"be quiet|still": it has a "|" without its opening bracket`},
		{"open word", one("be <quiet"), at + `"be <quiet": it has a "<" that is not closed`},
		{"unknown word", one("be <quiet>"), at + `"be <quiet>": it uses <quiet>, which is not among the words`},
		{"empty choice", one("be (quiet|)"), at + `"be (quiet|)": it has an empty choice in its brackets; write [a] for what may be missing`},
		{"empty", one(" "), at + `" ": it may be empty`},
		{"all optional", one("[quiet] [now]!"), at + `"[quiet] [now]!": it may be empty`},
		{"too long", one(long), at + `"` + long + `": it is longer than 1000 bytes`},
		{"too deep", one(strings.Repeat("[x ", 9) + strings.Repeat("]", 9)), at + `"[x [x [x [x [x [x [x [x [x ]]]]]]]]]": it has more than 8 brackets in each other`},
		{"too many", one("(a|b|c) " + strings.Repeat("[x]", 10)), at + `"(a|b|c) ` + strings.Repeat("[x]", 10) + `": it stands for more than 2000 sentences; write it as two`},
		{"other meaning", one("stop recording [now]"), at + `"stop recording [now]": it says "stop recording", which already means en.stop_recording`},
		{"meaning abroad", one("Smetti di registrare!"), at + `"Smetti di registrare!": it says "smetti di registrare", which already means it.stop_recording`},
		{"an answer", one("(yes|never)"), at + `"(yes|never)": it says "yes", which already means en.yes`},
		{"everywhere or not", one("deaf [<everywhere>|everywhere]"), at + `"deaf [<everywhere>|everywhere]": it says "deaf everywhere", which is both with and without everywhere, see en.mute`},
		{"reply key", map[string]spoken.Language{"en": {Replies: map[string]string{"done": "Done."}}}, `read spoken reply en.done: the key is not known; use one of confirm, confirm_everywhere, deleted_many, deleted_one, failed, incomplete_many, incomplete_one, kept_many, kept_one, muted, nothing_deleted, nothing_found, recording_off, recording_on`},
		{"reply empty", map[string]spoken.Language{"en": {Replies: map[string]string{"muted": " "}}}, `read spoken reply en.muted: it is empty`},
		{"reply count", map[string]spoken.Language{"xx": {Replies: map[string]string{"deleted_many": "Gone."}}}, `read spoken reply xx.deleted_many "Gone.": it lacks {count}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := spoken.Load(tt.extra)
			if err == nil || p != nil {
				t.Fatalf("got %v and error %v, want only an error", p, err)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoadNamesAllMistakes(t *testing.T) {
	t.Parallel()
	extra := sentences("mute", "a (", "<inner>")
	extra["en"].Sentences["stop_recording"] = []string{"be <outer>"}
	extra["en"] = spoken.Language{Sentences: extra["en"].Sentences, Words: map[string]string{"inner": "<outer>", "outer": "a|b"}}
	_, err := spoken.Load(extra)
	want := `read spoken sentence en.mute "a (": it has a "(" that is not closed
read spoken sentence en.mute "<inner>": it uses <inner>, which uses <outer>, which is not among the words
read spoken sentence en.stop_recording "be <outer>": it uses <outer>, which has a "|" without its opening bracket`
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

func FuzzLoad(f *testing.F) {
	for _, seed := range []string{"be [very] (quiet|still) <everywhere>", "[[[", "(a|b|(c|[d]))", "<>", "a]b", "<ask><ask><ask>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, template string) {
		p, err := spoken.LoadOnly("mute", template)
		if err != nil {
			return
		}
		n := 0
		p.Sentences(func(sentence, _ string, _ []string, c spoken.Command) {
			n++
			if got, ok := p.Match(sentence, "en"); !ok || got != c || c.Kind != spoken.Mute {
				t.Errorf("%q stands for %q, which is %+v, %t", template, sentence, got, ok)
			}
		})
		if n == 0 || n > 2000 {
			t.Errorf("%q stands for %d sentences", template, n)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := spoken.Load(nil); err != nil {
			b.Fatal(err)
		}
	}
}
