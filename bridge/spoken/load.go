package spoken

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Language is what one language says, in the embedded files and in the configuration.
//
// A template is a sentence with choices: (a|b) is one of them, [a] may be missing, <name> is one of the words. Case and punctuation do
// not count.
type Language struct {
	Words      map[string]string   `yaml:"words"`      // pieces of templates by name
	Everywhere map[string]string   `yaml:"everywhere"` // the same, but a sentence with one means every microphone
	Sentences  map[string][]string `yaml:"sentences"`  // templates by key, such as delete_today
	Replies    map[string]string   `yaml:"replies"`    // by key; {count} is the number
}

// commands are the keys of Language.Sentences.
var commands = map[string]Command{
	"delete_just_said":  {Kind: DeleteJustSaid},
	"delete_today":      {Kind: DeletePeriod, Period: "today"},
	"delete_yesterday":  {Kind: DeletePeriod, Period: "yesterday"},
	"delete_this_week":  {Kind: DeletePeriod, Period: "this_week"},
	"delete_this_month": {Kind: DeletePeriod, Period: "this_month"},
	"delete_everything": {Kind: DeleteEverything},
	"not_for_you":       {Kind: NotForYou},
	"stop_recording":    {Kind: StopRecording},
	"start_recording":   {Kind: StartRecording},
	"mute":              {Kind: Mute},
	"yes":               {Kind: yes},
	"no":                {Kind: no},
}

//go:embed languages/*.yaml
var files embed.FS

var codePattern = regexp.MustCompile(`^[a-z]{2,3}$`)

// Load compiles the embedded languages (de, en, es, fr, it, nl) and what the configuration adds by language: further sentences, other
// replies, or a new language. The error names every mistake by language, key and template.
func Load(extra map[string]Language) (*Phrases, error) {
	l := newLoader()
	embedded, err := readEmbedded()
	if err != nil {
		return nil, err
	}
	for _, code := range slices.Sorted(maps.Keys(embedded)) {
		l.add(code, embedded[code], Language{})
	}
	for _, code := range slices.Sorted(maps.Keys(extra)) {
		if !codePattern.MatchString(code) {
			l.wrong("read spoken language %q: use its two letters, such as en", code)
			continue
		}
		l.add(code, extra[code], embedded[code])
	}
	if len(l.errs) > 0 {
		return nil, errors.Join(l.errs...)
	}
	return l.done(), nil
}

func readEmbedded() (map[string]Language, error) {
	entries, err := files.ReadDir("languages")
	if err != nil {
		return nil, fmt.Errorf("list spoken languages: %w", err)
	}
	all := map[string]Language{}
	for _, entry := range entries {
		data, err := files.ReadFile("languages/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read spoken language: %w", err)
		}
		decoder := yaml.NewDecoder(bytes.NewReader(data))
		decoder.KnownFields(true)
		var one Language
		if err := decoder.Decode(&one); err != nil {
			return nil, fmt.Errorf("read spoken language %s: %w", entry.Name(), err)
		}
		all[strings.TrimSuffix(entry.Name(), ".yaml")] = one
	}
	return all, nil
}

// loader collects sentences, and mistakes instead of stopping at the first.
type loader struct {
	sentences map[string]*meaning // by normalised sentence, all languages
	replies   map[string]map[string]string
	errs      []error
}

func newLoader() *loader {
	return &loader{sentences: map[string]*meaning{}, replies: map[string]map[string]string{}}
}

func (l *loader) done() *Phrases {
	return &Phrases{sentences: pack(l.sentences), replies: l.replies}
}

func (l *loader) wrong(format string, args ...any) {
	l.errs = append(l.errs, fmt.Errorf(format, args...))
}

// add compiles a language; its templates may use the words of base as well.
func (l *loader) add(code string, from, base Language) {
	words := from.vocabulary(base)
	for _, key := range slices.Sorted(maps.Keys(from.Sentences)) {
		command, known := commands[key]
		if !known {
			l.wrong("read spoken sentences %s.%s: the key is not known; use one of %s", code, key, keys(commands))
			continue
		}
		here := &meaning{command: command, key: key, languages: []string{code}}
		command.Everywhere = true
		everywhere := &meaning{command: command, key: key, languages: here.languages}
		for _, template := range from.Sentences[key] {
			if err := l.addTemplate(template, words, here, everywhere); err != nil {
				l.wrong("read spoken sentence %s.%s %q: it %w", code, key, template, err)
			}
		}
	}
	l.addReplies(code, from.Replies)
}

func (l *loader) addTemplate(template string, words vocabulary, here, everywhere *meaning) error {
	all, err := expand(template, words)
	if err != nil {
		return err
	}
	for _, v := range all {
		m := here
		if v.everywhere {
			m = everywhere
		}
		if err := l.put(normalise(v.text), m); err != nil {
			return err
		}
	}
	return nil
}

// put enters a sentence. It must mean the same in every language, for the language of a transcript is not always known.
func (l *loader) put(sentence string, m *meaning) error {
	if sentence == "" {
		return errors.New("may be empty")
	}
	first := l.sentences[sentence]
	switch {
	case first == nil:
		l.sentences[sentence] = m
	case first.command != m.command && first.key == m.key:
		return fmt.Errorf("says %q, which is both with and without everywhere, see %s.%s", sentence, first.languages[0], first.key)
	case first.command != m.command:
		return fmt.Errorf("says %q, which already means %s.%s", sentence, first.languages[0], first.key)
	case !slices.Contains(first.languages, m.languages[0]):
		shared := *first
		shared.languages = slices.Concat(first.languages, m.languages)
		l.sentences[sentence] = &shared
	}
	return nil
}

func (l *loader) addReplies(code string, replies map[string]string) {
	to := l.replies[code]
	if to == nil {
		to = map[string]string{}
		l.replies[code] = to
	}
	for _, key := range slices.Sorted(maps.Keys(replies)) {
		counted, known := replyKeys[key]
		switch {
		case !known:
			l.wrong("read spoken reply %s.%s: the key is not known; use one of %s", code, key, keys(replyKeys))
		case strings.TrimSpace(replies[key]) == "":
			l.wrong("read spoken reply %s.%s: it is empty", code, key)
		case counted && !strings.Contains(replies[key], count):
			l.wrong("read spoken reply %s.%s %q: it lacks %s", code, key, replies[key], count)
		default:
			to[key] = replies[key]
		}
	}
}

func (from Language) vocabulary(base Language) vocabulary {
	return func(name string) (string, bool, bool) {
		for _, l := range []Language{from, base} {
			if template, ok := l.Everywhere[name]; ok {
				return template, true, true
			}
			if template, ok := l.Words[name]; ok {
				return template, false, true
			}
		}
		return "", false, false
	}
}

func keys[V any](m map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}
