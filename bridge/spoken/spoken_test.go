package spoken_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"earshot/bridge/spoken"
)

var (
	codes   = []string{"de", "en", "es", "fr", "it", "nl"}
	wording = map[string]spoken.Command{
		"delete_just_said":  {Kind: spoken.DeleteJustSaid},
		"delete_today":      {Kind: spoken.DeletePeriod, Period: "today"},
		"delete_yesterday":  {Kind: spoken.DeletePeriod, Period: "yesterday"},
		"delete_this_week":  {Kind: spoken.DeletePeriod, Period: "this_week"},
		"delete_this_month": {Kind: spoken.DeletePeriod, Period: "this_month"},
		"delete_everything": {Kind: spoken.DeleteEverything},
		"not_for_you":       {Kind: spoken.NotForYou},
		"stop_recording":    {Kind: spoken.StopRecording},
		"start_recording":   {Kind: spoken.StartRecording},
		"mute":              {Kind: spoken.Mute},
	}
)

// load is shared: the embedded languages never change.
var load = sync.OnceValues(func() (*spoken.Phrases, error) { return spoken.Load(nil) })

func phrases(t testing.TB) *spoken.Phrases {
	t.Helper()
	p, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func readYAML(t testing.TB, path string, to any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, to); err != nil {
		t.Fatal(err)
	}
}

// meaningOf is what a text means in a language; "yes" and "no" stand as kinds.
func meaningOf(p *spoken.Phrases, text, language string) spoken.Command {
	c, _ := p.Match(text, language)
	switch {
	case p.IsYes(text, language):
		c.Kind += "yes"
	case p.IsNo(text, language):
		c.Kind += "no"
	}
	return c
}

func TestMatches(t *testing.T) {
	t.Parallel()
	p := phrases(t)
	var all map[string]map[string][]string
	readYAML(t, "testdata/matches.yaml", &all)
	if diff := cmp.Diff(codes, slices.Sorted(maps.Keys(all))); diff != "" {
		t.Fatalf("languages (-want +got):\n%s", diff)
	}
	for code, byKey := range all {
		for _, key := range append(slices.Sorted(maps.Keys(wording)), "yes", "no") {
			if len(byKey[key]) == 0 {
				t.Errorf("no sentence for %s.%s", code, key)
			}
		}
		for key, texts := range byKey {
			name, everywhere := strings.CutSuffix(key, "+everywhere")
			want, isCommand := wording[name]
			want.Everywhere = everywhere
			if !isCommand {
				want = spoken.Command{Kind: spoken.Kind(name)}
			}
			for _, text := range texts {
				for _, language := range []string{code, code + "-XX", strings.ToUpper(code) + "_xx", "", "unknown", "pt-BR"} {
					if got := meaningOf(p, text, language); got != want {
						t.Errorf("%q in %q: got %+v, want %+v", text, language, got, want)
					}
				}
			}
		}
	}
}

func TestNearMisses(t *testing.T) {
	t.Parallel()
	p := phrases(t)
	var all map[string][]string
	readYAML(t, "testdata/near_misses.yaml", &all)
	seen := map[string]bool{}
	for _, texts := range all {
		for _, text := range texts {
			seen[spoken.Normalise(text)] = true
			for _, language := range append([]string{"", "xx"}, codes...) {
				if got := meaningOf(p, text, language); got != (spoken.Command{}) {
					t.Errorf("%q in %q is %+v, which it must not be", text, language, got)
				}
			}
		}
	}
	if len(seen) < 200 {
		t.Errorf("%d near misses, want at least 200", len(seen))
	}
	if diff := cmp.Diff(codes, slices.Sorted(maps.Keys(all))); diff != "" {
		t.Errorf("languages (-want +got):\n%s", diff)
	}
}

// TestNegations puts words around every sentence that turn it into another one.
func TestNegations(t *testing.T) {
	t.Parallel()
	p := phrases(t)
	around := map[string][]string{
		"en": {"don't %", "do not %", "never %", "un%", "% tomorrow", "% about the party", "why did you %", "% not", "play %"},
		"de": {"% nicht", "nie %", "% morgen", "warum %", "spiele %"},
		"fr": {"ne % pas", "pourquoi %", "% demain", "jamais %"},
		"es": {"nunca %", "% mañana", "por qué %", "jamás %"},
		"it": {"mai %", "% domani", "perché %"},
		"nl": {"% niet", "nooit %", "waarom %", "% morgen"},
	}
	p.Sentences(func(sentence, key string, languages []string, _ spoken.Command) {
		if !strings.HasPrefix(key, "delete_") {
			return
		}
		for _, form := range around[languages[0]] {
			text := strings.Replace(form, "%", sentence, 1)
			if got := p.Meaning(text, ""); got != (spoken.Command{}) {
				t.Errorf("%q is %+v, which it must not be", text, got)
			}
		}
	})
}

// TestOneMeaning goes through all sentences of all languages: each means what it says in its own and nothing or the same in the others.
func TestOneMeaning(t *testing.T) {
	t.Parallel()
	p := phrases(t)
	total := 0
	p.Sentences(func(sentence, key string, languages []string, c spoken.Command) {
		total++
		if again := spoken.Normalise(sentence); again != sentence {
			t.Errorf("%q becomes %q when normalised again", sentence, again)
		}
		if got := p.Meaning(sentence, ""); got != c {
			t.Errorf("%q in any language is %+v, want %+v", sentence, got, c)
		}
		for _, code := range codes {
			got := p.Meaning(sentence, code)
			if own := slices.Contains(languages, code); own && got != c || !own && got != (spoken.Command{}) {
				t.Errorf("%q of %v in %s is %+v, want %+v or nothing", sentence, languages, code, got, c)
			}
		}
		if c.Kind == spoken.DeletePeriod != (c.Period != "") {
			t.Errorf("%q has kind %s and period %q", sentence, c.Kind, c.Period)
		}
		// A single word happens by accident; only an answer to a question may be one.
		if key != "yes" && key != "no" && !strings.Contains(sentence, " ") {
			t.Errorf("%s in %v is the single word %q", key, languages, sentence)
		}
	})
	if total == 0 {
		t.Fatal("there are no sentences")
	}
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{" Delete what I just said.", "delete what i just said"},
		{"to-day", "today"},
		{"to - day", "to day"},
		{"-day to-", "day to"},
		{"3-4", "3 4"},
		{"wasn't wasn’t wasn‘t wasnʼt wasn`t", "wasnt wasnt wasnt wasnt wasnt"},
		{"\u00a0a\u2003\tb\r\n", "a b"},
		{"¿Qué?  ¡SÍ!…", "qué sí"},
		{"e\u0301 u\u0308 c\u0327 A\u0300", "é ü ç à"},
		{"\u0301a q\u0301", "\u0301a q\u0301"},
		{"GROẞ groß", "gross gross"},
		{"\u212a\u017f", "ks"},
		{"de\u00adlete\ufeff \u200b", "delete"},
		{"50% & 1/2 #a", "50% & 1/2 #a"},
		{"♪ a + b", "♪ a + b"},
		{"a\xffb", "a\ufffdb"},
		{"", ""},
		{" . ", ""},
	} {
		if got := spoken.Normalise(tt.in); got != tt.want {
			t.Errorf("Normalise(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func FuzzMatch(f *testing.F) {
	for _, seed := range []string{" Delete what I just said.", "Efface tout ce que j’ai dit aujourd’hui", "e\u0301-\u0308", "'-'", "\xff-\xc3", "Ja.", "Y\u0308", "H\u0331"} {
		f.Add(seed, "en-US")
		f.Add(seed, "")
	}
	p := phrases(f)
	f.Fuzz(func(t *testing.T, text, language string) {
		c, ok := p.Match(text, language)
		if ok == (c == spoken.Command{}) {
			t.Errorf("Match(%q, %q) = %+v, %t", text, language, c, ok)
		}
		if n := btoi(ok) + btoi(p.IsYes(text, language)) + btoi(p.IsNo(text, language)); n > 1 {
			t.Errorf("%q in %q has %d meanings", text, language, n)
		}
		normal := spoken.Normalise(text)
		if again := spoken.Normalise(normal); again != normal {
			t.Errorf("Normalise(%q) = %q, and that again = %q", text, normal, again)
		}
		if d, also := p.Match(" "+strings.ToUpper(normal)+". ", language); ok && (!also || d != c) {
			t.Errorf("%q is %+v, in capitals with a full stop %+v", text, c, d)
		}
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestMatchIsLinear compares the work for a text and for one that is sixteen times as long.
func TestMatchIsLinear(t *testing.T) {
	p := phrases(t)
	for _, piece := range []string{"delete what I just said ", "e\u0301", "-", "'", "a-", "\xff", "[<(|"} {
		work := func(n int) time.Duration {
			text := strings.Repeat(piece, n)
			best := time.Hour
			for range 5 {
				start := time.Now()
				p.Match(text, "")
				best = min(best, time.Since(start))
			}
			return best
		}
		if short, long := work(2_000), work(32_000); long > 16*8*short { // a quadratic one needs 256 times as long
			t.Errorf("%q: a text 16 times as long takes %d times as long", piece, long/short)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	p := phrases(b)
	for _, text := range []string{" Delete what I just said.", "Turn on the light in the kitchen, please."} {
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Match(text, "en-US")
			}
		})
	}
}
