package spoken

import "errors"

// Sentences calls fn with every sentence, the key it belongs to and the languages that say it.
func (p *Phrases) Sentences(fn func(sentence, key string, languages []string, c Command)) {
	for i := range p.sentences.ends {
		m := p.sentences.meanings[p.sentences.which[i]]
		fn(p.sentences.sentence(i), m.key, m.languages, m.command)
	}
}

// ReplyTexts are the replies of a language as written.
func (p *Phrases) ReplyTexts(language string) map[string]string {
	return p.replies[language]
}

// Meaning is what Match, IsYes and IsNo look at, in one step.
func (p *Phrases) Meaning(text, language string) Command {
	if c := p.find(text, language); c != nil {
		return *c
	}
	return Command{}
}

// Normalise is normalise.
func Normalise(text string) string { return normalise(text) }

// LoadOnly compiles one English template without the embedded sentences, but with their words.
func LoadOnly(key, template string) (*Phrases, error) {
	embedded, err := readEmbedded()
	if err != nil {
		return nil, err
	}
	l := newLoader()
	l.add("en", Language{Sentences: map[string][]string{key: {template}}}, embedded["en"])
	return l.done(), errors.Join(l.errs...)
}
